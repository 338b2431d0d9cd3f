import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { launchBody } from '../support/api/launch.ts';
import { createPortalApi, type PortalApi, problemIn } from '../support/api/portal-api.ts';
import { useStage } from '../support/stage.ts';

/** With one key, no more calls than one key may make in a minute. */
const RUNS = Math.min(Number(process.env.FUZZ_RUNS ?? 300), 2_000);
const stage = useStage({ billerInput: { settings: { portalUrl: 'https://portal.example/' } } });
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('__proto__', 'constructor', '\u0000', '\ud800', '💧', '‮', 'pat@example.com', '101Invoice'),
);
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 4 }), fc.double(), fc.constant(undefined));
/** A good body, of which some parts are replaced by anything. */
const body = fc
  .record(
    { user: value, account: value, destination: value, viewMode: value, returnUrl: value, refreshUrl: value },
    { requiredKeys: [] },
  )
  .chain((over) =>
    fc
      .record(
        { id: value, email: value, accounts: fc.oneof(value, fc.array(fc.record({ number: value, role: value }))) },
        { requiredKeys: [] },
      )
      .map((user) => ({ ...launchBody(), user: { ...launchBody().user, ...user }, ...over })),
  );

test('whatever a body has, the answer is a launch or a problem that names what is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/api/launches', '/api/launches/check'), body, async (path, given) => {
      const answer = await portal.call('POST', path, given);
      if (answer.statusCode < 300) return;
      const { status, field, detail, reference } = problemIn(answer);
      expect([status, typeof field, detail.length > 0, detail.length < 1_000]).toEqual([422, 'string', true, true]);
      expect(reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
    }),
    { numRuns: RUNS },
  );
});

test('whatever the bytes of a body are, the answer is a problem', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const answer = await stage.installation.server.inject({
        method: 'POST',
        url: '/api/launches',
        headers: { authorization: `Bearer ${portal.key}`, 'content-type': 'application/json' },
        payload: Buffer.from(bytes),
      });
      expect(problemIn(answer).status).toBe(422);
    }),
    { numRuns: RUNS },
  );
});

test('a body that is nested very deeply is refused like any other', async () => {
  for (const deep of [
    '['.repeat(1_000_000),
    `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
    `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`,
  ]) {
    expect(problemIn(await portal.call('POST', '/api/launches', deep)).status).toBe(422);
  }
});
