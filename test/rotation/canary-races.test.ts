import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { type BrowserLike, createBrowserLike, requirePosted } from '../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';

const CANARY = 'canary@example.com';
const OTHER = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const actor = actorWithEveryRole('test');

let storage: TestStorage;
let instances: readonly [TestConnection, TestConnection];
let servers: readonly [FastifyInstance, FastifyInstance];
let slug = '';
let made = 0;

beforeAll(async () => {
  storage = await createTestStorage();
  instances = [await storage.open(), await storage.open()];
  const options = { logger: pino({ level: 'silent' }), settings: {} };
  servers = [await createServer(instances[0].services, options), await createServer(instances[1].services, options)];
});
afterAll(async () => {
  for (const server of servers) await server.close();
  for (const instance of instances) await instance.close();
  await storage.remove();
});

const operate = (instance: 0 | 1, name: string, input: Record<string, unknown> = {}) =>
  runNamed(instances[instance].services, name, { biller: slug, ...input }, actor);
const statusNow = async () =>
  (
    (await runNamed(instances[0].services, 'key.status', { billers: [slug] }, actor)) as [
      { active: { fingerprint: string }; staged: { fingerprint: string } | null; canary: object | null },
    ]
  )[0];
const events = async (event: string) =>
  (await operate(0, 'audit.list', { event })) as { keyFingerprint: string; userId: string }[];

beforeEach(async () => {
  made += 1;
  slug = `biller-${made}`;
  const settings = { rotation: 'overlap' };
  const provider = { entityId: TEST_SP, acs: [TEST_ACS], sameServiceProvider: true };
  const input = { slug, name: slug, billerGuid: crypto.randomUUID(), keyType: 'EC-P256', settings, ...provider };
  await runNamed(instances[0].services, 'biller.add', input, actor);
  for (const email of [CANARY, OTHER]) {
    await operate(0, 'user.add', { email, password: PASSWORD, accounts: ['101Invoice:owner'] });
  }
  await operate(0, 'key.stage', { keyType: 'EC-P256' });
});

async function signedIn(instance: 0 | 1, email: string): Promise<BrowserLike> {
  const browser = createBrowserLike(servers[instance]);
  await browser.signIn(slug, email, PASSWORD);
  return browser;
}
const signOn = async (browser: BrowserLike) =>
  requirePosted(await browser.get(`/saml/${slug}/sso?${redirectQuery(authnRequest())}`));

test('of two instances that start a canary at the same time one wins, and so with stopping it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const starts = await Promise.allSettled([
      operate(0, 'key.canary', { user: CANARY }),
      operate(1, 'key.canary', { user: OTHER }),
    ]);
    expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(starts.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'canary_running' } });
    const stops = await Promise.allSettled([operate(0, 'key.stop-canary'), operate(1, 'key.stop-canary')]);
    expect(stops.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(stops.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'canary_missing' } });
  }
  expect(await events('key.canary_started')).toHaveLength(5);
  expect(await events('key.canary_stopped')).toHaveLength(5);
});

test('no canary begins with a key or a portal user that another instance takes away at that moment', async () => {
  for (const [name, input] of [
    ['key.retire', { staged: true }],
    ['key.activate', { force: true, reason: 'test' }],
    ['user.update', { email: CANARY, disabled: true }],
    ['user.remove', { email: CANARY }],
  ] as const) {
    await Promise.allSettled([operate(0, 'key.canary', { user: CANARY }), operate(1, name, input)]);
    expect((await statusNow()).canary).toBeNull();
    // Each that began was also ended.
    expect(await events('key.canary_stopped')).toHaveLength((await events('key.canary_started')).length);
    if (name === 'key.activate') await operate(0, 'key.back-out');
    if (name === 'key.retire') await operate(0, 'key.stage', { keyType: 'EC-P256' });
  }
});

test('while a canary starts and stops, each sign-on at two instances is signed by the key that was in force', async () => {
  const { active, staged } = await statusNow();
  const browsers = await Promise.all(([0, 1] as const).map((instance) => signedIn(instance, CANARY)));
  const others = await Promise.all(([0, 1] as const).map((instance) => signedIn(instance, OTHER)));
  let running = true;
  let count = 0;
  const loops = others.map(async (browser) => {
    for (; running; count += 1) await signOn(browser);
  });
  const keyOf = async (browser: BrowserLike) => {
    await signOn(browser);
    const [last] = await assertionsOf(CANARY);
    return last?.keyFingerprint;
  };
  const assertionsOf = async (email: string) =>
    (await operate(0, 'audit.list', { event: 'assertion.issued', email })) as { keyFingerprint: string }[];
  for (let round = 0; round < 10; round += 1) {
    const here = round % 2 === 0 ? 0 : 1;
    await operate(here, 'key.canary', { user: CANARY });
    for (const browser of browsers) expect(await keyOf(browser)).toBe(staged?.fingerprint);
    await operate(here === 0 ? 1 : 0, 'key.stop-canary');
    for (const browser of browsers) expect(await keyOf(browser)).toBe(active.fingerprint);
  }
  running = false;
  await Promise.all(loops);
  expect(count).toBeGreaterThan(10);
  const theirs = new Set((await assertionsOf(OTHER)).map(({ keyFingerprint }) => keyFingerprint));
  expect(theirs).toEqual(new Set([active.fingerprint]));
});
