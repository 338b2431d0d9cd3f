import type { FastifyPluginAsync } from 'fastify';
import type { Keys } from '../../core/keys/keys.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Readiness } from './readiness.ts';

export interface HealthServices {
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: Metrics;
  readonly keys: Keys;
  readonly clock: () => number;
}

const DAY_MS = 86_400_000;
const PUBLISHED = ['staged', 'active', 'retiring'];

/** Health and metrics, for monitoring. */
export const healthRoutes: FastifyPluginAsync<HealthServices> = async (scope, services) => {
  const { readiness, metrics, keys, clock } = services;

  scope.get('/health/live', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));

  scope.get('/health/ready', async (_request, reply) => {
    const { ready, checks } = await readiness();
    // Which biller has a problem is for operators only: `ic-idp doctor` names it.
    const shown = checks.map(({ name, ok, problems }) => {
      const reasons = problems.flatMap(({ reason }) => reason ?? []);
      return { name, ok, problems: problems.length, ...(reasons.length === 0 ? {} : { reasons }) };
    });
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ok' : 'not ready', checks: shown });
  });

  scope.get('/metrics', async (_request, reply) => {
    metrics.certificateDaysLeft.reset();
    for (const key of await keys.list()) {
      if (!PUBLISHED.includes(key.state)) continue;
      const labels = { biller: key.biller, fingerprint: key.fingerprint, state: key.state };
      metrics.certificateDaysLeft.set(labels, (key.notAfter.getTime() - clock()) / DAY_MS);
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
};
