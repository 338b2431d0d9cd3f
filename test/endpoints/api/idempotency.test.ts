import { beforeAll, expect, test } from 'vitest';
import { launchBody } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi, problemIn } from '../../support/api/portal-api.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
const HOUR_MS = 3_600_000;
let portal: PortalApi;
const newPortal = async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  return createPortalApi(stage.installation.server, (added as { key: string }).key);
};
beforeAll(async () => {
  portal = await newPortal();
});
const launch = (key: string, over: Record<string, unknown> = {}, by = portal, path = '/api/launches') =>
  by.call('POST', path, launchBody(over), { 'idempotency-key': key });
const database = () => stage.installation.services.database;

test('the same call again gets the first answer, and is not carried out again', async () => {
  const first = await launch('a');
  const body = launchBody();
  const { id, email, accounts } = body.user;
  const reordered = JSON.stringify({ destination: 'bills', account: body.account, user: { accounts, email, id } });
  const again = await portal.call('POST', '/api/launches', reordered, { 'idempotency-key': 'a' });
  expect([again.statusCode, again.json(), again.headers['idempotent-replayed']]).toEqual([201, first.json(), 'true']);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  const made = (await stage.installation.operate('audit.list', { event: 'launch.requested' })) as unknown[];
  expect(made).toHaveLength(1);
  expect((await launch('a2')).json().url).not.toBe(first.json().url);
});

test('another body or call under the same key is refused', async () => {
  await launch('b');
  for (const answer of [
    await launch('b', { destination: 'autopay' }),
    await launch('b', {}, portal, '/api/launches/check'),
  ]) {
    expect(problemIn(answer)).toMatchObject({ status: 422, code: 'idempotency_key_reused', field: 'Idempotency-Key' });
  }
});

test('each API key has its own: one is told nothing of what another asked for', async () => {
  const other = await newPortal();
  const [one, two] = [(await launch('c')).json(), (await launch('c', {}, other)).json()];
  expect(one.url).not.toBe(two.url);
});

test('the answer is given again for 24 hours', async () => {
  stage.holdClock();
  const first = (await launch('d')).json();
  stage.pass(24 * HOUR_MS - 1);
  expect((await launch('d')).json()).toEqual(first);
  stage.pass(1);
  expect((await launch('d')).json()).not.toEqual(first);
});

test('many of the same at the same time: one is carried out, the others hear 409 or its answer', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => launch('e')));
  const made = answers.filter(({ statusCode }) => statusCode === 201);
  expect(made.length).toBeGreaterThan(0);
  expect(new Set(made.map(({ body }) => body)).size).toBe(1);
  for (const answer of answers.filter(({ statusCode }) => statusCode !== 201)) {
    expect(problemIn(answer)).toMatchObject({ status: 409, code: 'idempotency_conflict' });
    expect(answer.headers['retry-after']).toBe('1');
  }
});

test('while the first call is worked on, the same gets 409; when its worker is gone, it is begun again', async () => {
  stage.holdClock();
  await launch('f');
  await database()
    .db.updateTable('apiAnswers')
    .set({ sealedAnswer: null, startedAt: new Date(stage.now()) })
    .execute();
  expect((await launch('f')).statusCode).toBe(409);
  stage.pass(29_999);
  expect((await launch('f')).statusCode).toBe(409);
  expect((await launch('f', { destination: 'autopay' })).statusCode).toBe(422);
  stage.pass(1);
  expect((await launch('f')).statusCode).toBe(201);
});

test('a call that was refused can be sent again, corrected', async () => {
  expect((await launch('g', { account: 'x' })).statusCode).toBe(422);
  expect((await launch('g')).statusCode).toBe(201);
});

test('addresses can’t be read out of the kept answers', async () => {
  const { url } = (await launch('h')).json() as { url: string };
  const rows = await database().db.selectFrom('apiAnswers').selectAll().execute();
  const kept = rows.map(({ sealedAnswer }) => sealedAnswer?.toString('latin1')).join('');
  expect(kept).not.toContain(url.slice(-43));
  expect(kept).not.toContain(EMAIL);
});

test.each(['', 'x'.repeat(256), 'ä', 'a b'])('the Idempotency-Key "%s" is refused', async (key) => {
  const answer = await launch(key);
  expect(problemIn(answer)).toMatchObject({ status: 422, code: 'field_invalid', field: 'idempotency-key' });
});

test('what is older than a day is deleted', async () => {
  stage.holdClock();
  await launch('i');
  const count = async () => (await database().db.selectFrom('apiAnswers').select('keyHash').execute()).length;
  expect(await count()).toBeGreaterThan(0);
  stage.pass(24 * HOUR_MS + 1);
  await stage.installation.services.tidy();
  expect(await count()).toBe(0);
});
