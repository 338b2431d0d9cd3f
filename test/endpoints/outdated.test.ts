import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { holdKey } from '../../src/core/keys/store.ts';
import { createServer } from '../../src/endpoints/server.ts';
import {
  type BrowserLike,
  createBrowserLike,
  errorCodeOf,
  postedBy,
  requirePosted,
  statusOf,
} from '../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { type Cable, layCable } from '../support/postgres/cable.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';

const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const OTHER_ACS = 'https://sp.example/other';

/** An instance that hears of no change, and an operator elsewhere. */
let storage: TestStorage;
let cable: Cable;
let deaf: TestConnection;
let elsewhere: TestConnection;
let server: FastifyInstance;
let made = 0;

beforeAll(async () => {
  storage = await createTestStorage();
  cable = await layCable(storage.environment.DATABASE_URL ?? inject('postgresUrl'));
  deaf = await storage.open(cable.url);
  elsewhere = await storage.open();
  server = await createServer(deaf.services, { logger: pino({ level: 'silent' }), settings: {} });
});
afterEach(() => cable.resume());
afterAll(async () => {
  await server.close();
  await deaf.close();
  await elsewhere.close();
  await cable.cut();
  await storage.remove();
});

const operate = (name: string, input: unknown) => runNamed(elsewhere.services, name, input, actorWithEveryRole('test'));
const ssoOf = (slug: string, parts: Parameters<typeof authnRequest>[0] = {}) =>
  `/saml/${slug}/sso?${redirectQuery(authnRequest(parts))}`;

/** A new biller that the deaf instance has in its caches, with a browser that is signed in. */
async function cachedBiller(accounts = ['101Invoice:owner']): Promise<{ slug: string; browser: BrowserLike }> {
  made += 1;
  const slug = `biller-${made}`;
  const acs = [TEST_ACS, OTHER_ACS];
  const biller = { slug, name: slug, billerGuid: crypto.randomUUID(), entityId: TEST_SP, acs, keyType: 'EC-P256' };
  await operate('biller.add', { ...biller, sameServiceProvider: true });
  await operate('user.add', { biller: slug, email: EMAIL, password: PASSWORD, accounts });
  const browser = createBrowserLike(server);
  await browser.signIn(slug, EMAIL, PASSWORD);
  cable.deafen();
  const first = await browser.get(ssoOf(slug));
  if (accounts.length === 1) requirePosted(first);
  return { slug, browser };
}
const issued = async (biller: string) =>
  (await operate('audit.list', { biller, event: 'assertion.issued' })) as {
    keyFingerprint: string;
    details: { acs: string };
  }[];
const activeOf = async (slug: string) =>
  ((await operate('key.status', { billers: [slug] })) as [{ active: { fingerprint: string } }])[0].active.fingerprint;

async function stageElsewhere(slug: string): Promise<{ active: string; staged: string }> {
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  await operate('biller.update', { slug, settings: { rotation: 'overlap' } });
  const [{ active, staged }] = (await operate('key.status', { billers: [slug] })) as [
    Record<'active' | 'staged', { fingerprint: string }>,
  ];
  return { active: active.fingerprint, staged: staged.fingerprint };
}

describe('an instance that hears of no change', () => {
  test('signs with the replacement of a key that was revoked elsewhere', async () => {
    const { slug, browser } = await cachedBiller();
    const before = await activeOf(slug);
    await operate('key.revoke', { biller: slug, replace: 'EC-P256', reason: 'stolen' });
    requirePosted(await browser.get(ssoOf(slug)));
    const [last, ...earlier] = await issued(slug);
    expect(last?.keyFingerprint).toBe(await activeOf(slug));
    expect(earlier.map(({ keyFingerprint }) => keyFingerprint)).toEqual([before]);
  });

  test('signs for a canary with the staged key from the moment it was started elsewhere, until it was stopped', async () => {
    const { slug, browser } = await cachedBiller();
    const { staged, active } = await stageElsewhere(slug);
    requirePosted(await browser.get(ssoOf(slug)));
    await operate('key.canary', { biller: slug, user: EMAIL });
    requirePosted(await browser.get(ssoOf(slug)));
    await operate('key.stop-canary', { biller: slug });
    requirePosted(await browser.get(ssoOf(slug)));
    expect((await issued(slug)).map(({ keyFingerprint }) => keyFingerprint)).toEqual([active, staged, active, active]);
  });

  test('does not sign with a staged key whose canary was activated, withdrawn or revoked elsewhere', async () => {
    for (const [name, input] of [
      ['key.activate', { force: true }],
      ['key.retire', { staged: true }],
      ['key.revoke', {}],
    ] as const) {
      const { slug, browser } = await cachedBiller();
      const { staged } = await stageElsewhere(slug);
      await operate('key.canary', { biller: slug, user: EMAIL });
      requirePosted(await browser.get(ssoOf(slug)));
      const fingerprint = name === 'key.revoke' ? { fingerprint: staged } : {};
      await operate(name, { biller: slug, reason: 'test', ...input, ...fingerprint });
      requirePosted(await browser.get(ssoOf(slug)));
      const [last, before] = await issued(slug);
      expect([last?.keyFingerprint, before?.keyFingerprint]).toEqual([await activeOf(slug), staged]);
    }
  });

  test('sends no Response to an ACS that was removed elsewhere, neither an assertion nor an error', async () => {
    const to = (slug: string, more: Record<string, string> = {}) =>
      ssoOf(slug, { attributes: { AssertionConsumerServiceURL: OTHER_ACS, ...more } });
    const { slug, browser } = await cachedBiller();
    expect(requirePosted(await browser.get(to(slug))).acs).toBe(OTHER_ACS);
    await operate('biller.update', { slug, entityId: TEST_SP, acs: [TEST_ACS], sameServiceProvider: true });
    const refused = await browser.get(to(slug));
    expect(postedBy(refused)).toBeUndefined();
    expect(errorCodeOf(refused)).toBe('acs_unknown');
    const { slug: second, browser: passive } = await cachedBiller();
    passive.cookies.clear();
    expect(statusOf(requirePosted(await passive.get(to(second, { IsPassive: 'true' }))))).toContain('NoPassive');
    await operate('biller.update', { slug: second, entityId: TEST_SP, acs: [TEST_ACS], sameServiceProvider: true });
    expect(postedBy(await passive.get(to(second, { IsPassive: 'true' })))).toBeUndefined();
    expect(await issued(second)).toHaveLength(1);
  });

  test('answers at an ACS that was added elsewhere', async () => {
    const { slug, browser } = await cachedBiller();
    await operate('biller.update', {
      slug,
      entityId: TEST_SP,
      acs: ['https://sp.example/new'],
      sameServiceProvider: true,
    });
    const parts = { attributes: { AssertionConsumerServiceURL: 'https://sp.example/new' } };
    expect(requirePosted(await browser.get(ssoOf(slug, parts))).acs).toBe('https://sp.example/new');
  });

  test('does not know a biller that was removed elsewhere', async () => {
    const { slug, browser } = await cachedBiller();
    await operate('biller.remove', { slug });
    expect(errorCodeOf(await browser.get(ssoOf(slug)))).toBe('biller_unknown');
  });

  test('a request that was answered is refused as such, even if the key has changed since', async () => {
    const { slug, browser } = await cachedBiller();
    const again = ssoOf(slug, { attributes: { ID: '_again' } });
    requirePosted(await browser.get(again));
    await operate('key.revoke', { biller: slug, replace: 'EC-P256', reason: 'stolen' });
    expect(errorCodeOf(await browser.get(again))).toBe('request_replayed');
  });

  test('a launch that a first attempt used up is found by the second one', async () => {
    const { slug, browser } = await cachedBiller(['101Invoice:owner', '202Invoice:owner']);
    expect((await browser.get(`/launch/${slug}/bills?account=202Invoice`)).statusCode).toBe(303);
    await operate('key.revoke', { biller: slug, replace: 'EC-P256', reason: 'stolen' });
    expect(requirePosted(await browser.get(ssoOf(slug))).xml).toContain('>202Invoice<');
  });

  test('waits for the end of a hold that it has not heard of, though the instance that began it has crashed', async () => {
    const { slug, browser } = await cachedBiller();
    const { db } = elsewhere.database;
    const keys = await elsewhere.services.keys.list();
    const key = keys.find(({ biller, state }) => biller === slug && state === 'active');
    await holdKey(db, key?.id ?? '', 1_500);
    requirePosted(await browser.get(ssoOf(slug)));
    const held = db.selectFrom('signingKeys').select(sql<boolean>`hold_until > clock_timestamp()`.as('held'));
    expect(await held.where('id', '=', key?.id ?? '').execute()).toEqual([{ held: false }]);
  });

  test('publishes the keys and settings that the database has', async () => {
    const { slug, browser } = await cachedBiller();
    const metadata = async () => (await browser.get(`/saml/${slug}/metadata`)).body;
    const certificate = async () => (await browser.get(`/saml/${slug}/certificate.pem`)).body;
    const [before, active] = [await metadata(), await certificate()];
    await operate('biller.update', { slug, name: 'Renamed' });
    expect(await metadata()).toBe(before.replaceAll(`>${slug}<`, '>Renamed<'));
    await operate('key.revoke', { biller: slug, replace: 'EC-P256', reason: 'stolen' });
    const text = (pem: string) => pem.replaceAll(/-----.*-----|\n/g, '');
    expect(await metadata()).not.toContain(text(active));
    expect(await certificate()).not.toBe(active);
    await operate('biller.remove', { slug });
    expect((await browser.get(`/saml/${slug}/metadata`)).statusCode).toBe(404);
  });
});
