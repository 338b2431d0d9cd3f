import Fastify from 'fastify';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { requireKeys } from '../../../src/endpoints/api/authenticate.ts';
import { createApiErrorHandler } from '../../../src/endpoints/api/problems.ts';
import { createServer } from '../../../src/endpoints/server.ts';
import { collectFacts } from '../../../src/platform/http/request-facts.ts';
import { createPortalApi, problemIn } from '../../support/api/portal-api.ts';
import { useStage } from '../../support/stage.ts';

interface Added {
  readonly id: string;
  readonly key: string;
}
const stage = useStage();
const add = async (input: Record<string, unknown> = {}) =>
  (await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal', ...input })) as Added;
let key: string;
beforeAll(async () => {
  ({ key } = await add());
});
const get = (headers: Record<string, string> = {}, remoteAddress = '192.0.2.1') =>
  stage.installation.server.inject({ url: '/api/users/u-1', headers, remoteAddress });

test('without a valid key nothing is answered, and the answer is the same whatever is wrong', async () => {
  const revoked = await add();
  await stage.installation.operate('api-key.revoke', { biller: 'riverton', id: revoked.id });
  const expired = await add({ expires: '1h' });
  stage.pass(3_600_000);
  const wrong: [string | undefined, string][] = [
    [undefined, 'missing'],
    ['', 'malformed'],
    [key, 'malformed'],
    [`Basic ${key}`, 'malformed'],
    [`Bearer ${key} x`, 'malformed'],
    [`Bearer ${key}`.padEnd(10_000, 'x'), 'malformed'],
    [`Bearer icidp_${'0'.repeat(12)}_${key.slice(-43)}`, 'unknown'],
    [`Bearer ${key.slice(0, -2)}AA`, 'wrong'],
    [`Bearer ${revoked.key}`, 'revoked'],
    [`Bearer ${expired.key}`, 'expired'],
  ];
  const bodies = new Set<string>();
  for (const [authorization, reason] of wrong) {
    const answer = await get(authorization === undefined ? {} : { authorization });
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    const { reference, ...rest } = problemIn(answer);
    bodies.add(JSON.stringify(rest));
    expect(await stage.audited('api.refused')).toMatchObject({ reference, details: { reason } });
  }
  expect([...bodies]).toHaveLength(1);
  expect((await get({ authorization: `bearer  ${key}` })).statusCode).toBe(404);
});

test('a key is asked for before the body is looked at', async () => {
  const answer = await createPortalApi(stage.installation.server, 'no key').call('PUT', '/api/users/u-1', '{');
  expect(answer.statusCode).toBe(401);
});

test('a network that sends many wrong keys is slowed down, and its right key goes on', async () => {
  stage.holdClock();
  const from = '198.51.100.7';
  const statuses = [];
  for (let n = 0; n < 70; n += 1) statuses.push((await get({ authorization: 'Bearer x' }, from)).statusCode);
  expect(statuses.filter((status) => status === 401).length).toBeLessThan(70);
  const slowed = await get({}, from);
  expect([problemIn(slowed).code, slowed.headers['retry-after']]).toEqual(['too_many_requests', '60']);
  expect((await get({ authorization: `Bearer ${key}` }, from)).statusCode).toBe(404);
  expect((await get({}, '203.0.113.9')).statusCode).toBe(401);
});

test('calls with one key are limited, each key by itself', async () => {
  const server = Fastify();
  collectFacts(server);
  server.setErrorHandler(createApiErrorHandler(() => undefined));
  requireKeys(server, stage.installation.services, 3);
  server.get('/', { config: { role: 'portal' } }, async () => 'done');
  const call = async (one: string) => server.inject({ url: '/', headers: { authorization: `Bearer ${one}` } });
  for (let n = 0; n < 3; n += 1) expect((await call(key)).statusCode).toBe(200);
  const limited = await call(key);
  expect(problemIn(limited)).toMatchObject({ status: 429, detail: expect.stringContaining('More than 3 calls') });
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
  expect((await call((await add()).key)).statusCode).toBe(200);
  await server.close();
});

test('a route that states no role does not start', async () => {
  const server = Fastify();
  requireKeys(server, stage.installation.services);
  expect(() => server.get('/open', async () => 'done')).toThrow('GET /open states no role.');
});

test('neither a key nor anything that was sent is in the log', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const server = await createServer(stage.installation.services, { logger, settings: {} });
  const api = createPortalApi(server, key);
  const body = { email: 'secret-person@example.com', accounts: [{ number: '777Secret', role: 'owner' }] };
  await api.call('PUT', '/api/users/u-secret', body);
  await api.call('PUT', '/api/users/u-secret', { ...body, email: 'secret-person@@example.com' });
  await api.call('PUT', '/api/users/u-secret', `{"email": "secret-person@example.com", `);
  await createPortalApi(server, `${key}x`).call('GET', '/api/users/u-secret');
  await server.close();
  const log = lines.join('');
  expect(lines.filter((line) => line.includes('/api/users/:id'))).toHaveLength(4);
  for (const secret of [key.slice(-43), 'secret-person', '777Secret', 'u-secret']) expect(log).not.toContain(secret);
});
