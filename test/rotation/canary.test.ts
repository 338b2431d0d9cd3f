import { randomBytes, X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServices } from '../../src/app.ts';
import { createMasterKey } from '../../src/core/secrets/master-key.ts';
import { verifyMasterKey } from '../../src/core/secrets/verify-master-key.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { type BrowserLike, createBrowserLike, requirePosted } from '../support/browser/browser-like.ts';
import { EMAIL, PASSWORD, useStage } from '../support/stage.ts';

const CANARY = 'canary@example.com';
const TEN_MINUTES = 10 * 60_000;

const stage = useStage();
let made = 0;

interface Status {
  active: { fingerprint: string; trust: string | null };
  staged: { fingerprint: string; trust: string | null } | null;
  retiring: { fingerprint: string } | null;
  canary: { user_id: string; user: string; sign_ons: number; last_sign_on: number | null } | null;
  verdict: { safe: boolean; unconfirmed: boolean; sentence: string };
}

const operate = (name: string, input: unknown) => stage.installation.operate(name, input);
const statusOf = async (slug: string) => ((await operate('key.status', { billers: [slug] })) as [Status])[0];
const eventsOf = async (slug: string) =>
  (
    (await operate('audit.list', { biller: slug })) as {
      event: string;
      keyFingerprint: string | null;
      userId: string | null;
      details: Record<string, string>;
    }[]
  ).filter(({ event }) => event.startsWith('key.'));

/** A biller whose Service Provider keeps several certificates, with two portal users and a staged key. */
async function newBiller(rotation = 'overlap'): Promise<string> {
  made += 1;
  const slug = `biller-${made}`;
  await stage.addBiller(slug, { settings: { rotation } });
  await stage.installation.addUser(slug, CANARY, PASSWORD, ['102Invoice:owner']);
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  return slug;
}

/** @returns the fingerprint of the certificate whose key signed the assertion */
async function signerOf(slug: string, browser: BrowserLike): Promise<string> {
  const { xml } = requirePosted(await stage.bring(browser, {}, undefined, slug));
  const certificates = [...xml.matchAll(/X509Certificate>([^<]+)</g)].map(([, text = '']) => text);
  expect(new Set(certificates).size).toBe(1);
  const { fingerprint256 } = new X509Certificate(Buffer.from(certificates[0] ?? '', 'base64'));
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

const startCanary = (biller: string, user = CANARY) => operate('key.canary', { biller, user, reason: 'ticket 4711' });
/** @returns the code of the error that an operation is refused with */
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

test('the staged key signs the sign-ons of the canary, and the active one those of everybody else', async () => {
  const slug = await newBiller();
  const other = await newBiller();
  const canary = await stage.signedIn(slug, CANARY);
  const everybody = await stage.signedIn(slug, EMAIL);
  const elsewhere = await stage.signedIn(other, CANARY);
  const { active, staged } = await statusOf(slug);
  expect(await signerOf(slug, canary)).toBe(active.fingerprint);

  await startCanary(slug);
  expect(await signerOf(slug, canary)).toBe(staged?.fingerprint);
  expect(await signerOf(slug, everybody)).toBe(active.fingerprint);
  // The same address at another biller is another person.
  expect(await signerOf(other, elsewhere)).toBe((await statusOf(other)).active.fingerprint);
  const assertions = (await operate('audit.list', { biller: slug, event: 'assertion.issued' })) as {
    keyFingerprint: string;
  }[];
  expect(assertions.map(({ keyFingerprint }) => keyFingerprint)).toEqual([
    active.fingerprint,
    staged?.fingerprint,
    active.fingerprint,
  ]);

  await operate('key.stop-canary', { biller: slug });
  expect(await signerOf(slug, canary)).toBe(active.fingerprint);
  const events = await eventsOf(slug);
  expect(events.map(({ event }) => event).slice(0, 2)).toEqual(['key.canary_stopped', 'key.canary_started']);
  expect(events[1]).toMatchObject({ keyFingerprint: staged?.fingerprint, details: { reason: 'ticket 4711' } });
  expect(events[0]?.userId).toBe(events[1]?.userId);
});

test('an error Response to the canary is signed by the active key', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug, CANARY);
  await startCanary(slug);
  const { active } = await statusOf(slug);
  const passive = { attributes: { IsPassive: 'true' } };
  const refused = requirePosted(await stage.bring(stage.stranger(), passive, undefined, slug));
  expect(refused.xml).not.toContain('<saml:Assertion');
  const [, certificate = ''] = /X509Certificate>([^<]+)</.exec(refused.xml) ?? [];
  const { fingerprint256 } = new X509Certificate(Buffer.from(certificate, 'base64'));
  expect(fingerprint256.replaceAll(':', '').toLowerCase()).toBe(active.fingerprint);
  expect(await signerOf(slug, browser)).not.toBe(active.fingerprint);
});

test('an accepted sign-on proves the key: it is activated without a question, and the old one can go', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug, CANARY);
  await startCanary(slug);
  expect(await codeOf(operate('key.judge', { biller: slug, verdict: 'accepted' }))).toBe('nothing_signed');
  await signerOf(slug, browser);
  const running = await statusOf(slug);
  expect(running.canary).toMatchObject({ sign_ons: 1, last_sign_on: expect.any(Number) });
  expect(JSON.stringify(running)).not.toContain(CANARY);
  expect(running.verdict).toMatchObject({ safe: false, unconfirmed: false });
  expect(await codeOf(operate('key.activate', { biller: slug }))).toBe('activation_unsafe');

  await operate('key.judge', { biller: slug, verdict: 'accepted', reason: 'I saw the bill' });
  const proven = await statusOf(slug);
  expect(proven).toMatchObject({ canary: null, staged: { trust: 'accepted' }, verdict: { safe: true } });
  const { staged, active } = proven;
  expect(await signerOf(slug, browser)).toBe(active.fingerprint);
  await operate('key.activate', { biller: slug });
  expect(await signerOf(slug, browser)).toBe(staged?.fingerprint);
  expect(
    (await eventsOf(slug)).map(({ event, details }) => details.how ?? details.verdict ?? event).slice(0, 4),
  ).toEqual(['proven', 'key.canary_stopped', 'accepted', 'key.canary_started']);
  expect(await codeOf(operate('key.retire', { biller: slug }))).toBe('key_in_flight');
  stage.pass(TEN_MINUTES);
  await operate('key.retire', { biller: slug });
  expect((await statusOf(slug)).retiring).toBeNull();
});

test('a refused sign-on keeps the key from being activated, until another canary shows otherwise', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug, CANARY);
  await startCanary(slug);
  await operate('key.judge', { biller: slug, verdict: 'refused' });
  expect(await statusOf(slug)).toMatchObject({ canary: null, staged: { trust: 'refused' }, verdict: { safe: false } });
  expect(await codeOf(operate('key.activate', { biller: slug, confirmed: true }))).toBe('activation_unsafe');
  expect(await signerOf(slug, browser)).toBe((await statusOf(slug)).active.fingerprint);
  await startCanary(slug);
  expect((await statusOf(slug)).staged?.trust).toBeNull();
  await signerOf(slug, browser);
  await operate('key.judge', { biller: slug, verdict: 'accepted' });
  expect((await statusOf(slug)).verdict.safe).toBe(true);
});

test('what was refused while it was staged is not known once it is active', async () => {
  const slug = await newBiller();
  await startCanary(slug);
  await operate('key.judge', { biller: slug, verdict: 'refused' });
  await operate('key.activate', { biller: slug, force: true, reason: 'the Service Provider has it now' });
  expect((await statusOf(slug)).active.trust).toBeNull();
});

test('the old key is the way back until a sign-on with the new one is known to be accepted', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug);
  const { active: old, staged: newer } = await statusOf(slug);
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  stage.pass(TEN_MINUTES);
  expect(await codeOf(operate('key.retire', { biller: slug }))).toBe('key_unproven');
  expect(await codeOf(operate('key.judge', { biller: slug, verdict: 'accepted' }))).toBe('nothing_signed');
  await signerOf(slug, browser);
  await operate('key.judge', { biller: slug, verdict: 'refused' });
  expect(await codeOf(operate('key.retire', { biller: slug }))).toBe('key_unproven');
  // Backing out works, and what was said about the newer key counts no more.
  await operate('key.back-out', { biller: slug });
  expect(await signerOf(slug, browser)).toBe(old.fingerprint);
  expect(await statusOf(slug)).toMatchObject({ staged: { fingerprint: newer?.fingerprint, trust: null } });
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  expect((await statusOf(slug)).active.trust).toBeNull();
  await signerOf(slug, browser);
  await operate('key.judge', { biller: slug, verdict: 'accepted' });
  stage.pass(TEN_MINUTES);
  await operate('key.retire', { biller: slug });
});

test('a proven key that was backed out of must be proven again', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug, CANARY);
  await startCanary(slug);
  await signerOf(slug, browser);
  await operate('key.judge', { biller: slug, verdict: 'accepted' });
  await operate('key.activate', { biller: slug });
  await operate('key.back-out', { biller: slug });
  expect((await statusOf(slug)).verdict.safe).toBe(false);
});

test('a compromised key can be destroyed at any time: the old one, and the new one', async () => {
  const slug = await newBiller();
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  const { retiring } = await statusOf(slug);
  await operate('key.revoke', { biller: slug, fingerprint: retiring?.fingerprint, reason: 'it leaked' });
  expect((await statusOf(slug)).retiring).toBeNull();
});

test('a hand-over is refused while it would destroy the only way back', async () => {
  const slug = await newBiller('switch-on-fetch');
  const browser = await stage.signedIn(slug);
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  await operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  expect(await codeOf(operate('key.hand-over', { biller: slug }))).toBe('key_unproven');
  await signerOf(slug, browser);
  const { active } = await statusOf(slug);
  expect(await codeOf(operate('key.judge', { biller: slug, verdict: 'accepted' }))).toBe('canary_missing');
  await operate('key.judge', { biller: slug, verdict: 'accepted', fingerprint: active.fingerprint.slice(0, 16) });
  await operate('key.hand-over', { biller: slug });
});

test('in a switch on fetch nothing needs to be waited for, and the proof is that of the active key', async () => {
  const slug = await newBiller('switch-on-fetch');
  const browser = await stage.signedIn(slug);
  await operate('key.activate', { biller: slug, force: true, reason: 'test' });
  await signerOf(slug, browser);
  await operate('key.judge', { biller: slug, verdict: 'accepted' });
  await operate('key.retire', { biller: slug });
});

test('a canary is refused without a staged key, for a stranger, twice, and where it can’t be accepted', async () => {
  const slug = await newBiller();
  expect(await codeOf(startCanary(slug, 'nobody@example.com'))).toBe('user_not_found');
  expect(await codeOf(startCanary('no-such-biller'))).toBe('biller_not_found');
  expect(await codeOf(operate('key.stop-canary', { biller: slug }))).toBe('canary_missing');
  expect(await codeOf(operate('key.judge', { biller: slug, verdict: 'refused' }))).toBe('canary_missing');
  await startCanary(slug);
  expect(await codeOf(startCanary(slug))).toBe('canary_running');
  expect(await codeOf(startCanary(slug, EMAIL))).toBe('canary_running');
  await operate('key.retire', { biller: slug, staged: true });
  expect(await codeOf(startCanary(slug))).toBe('staged_key_missing');

  const single = await newBiller('switch-on-fetch');
  expect(await codeOf(startCanary(single))).toBe('canary_unsuitable');
  await operate('user.update', { biller: single, email: CANARY, disabled: true });
  expect(await codeOf(startCanary(single))).toBe('user_disabled');
});

test.each([
  ['the staged key is withdrawn', (biller: string) => operate('key.retire', { biller, staged: true })],
  ['it is activated', (biller: string) => operate('key.activate', { biller, force: true, reason: 'test' })],
  [
    'the portal user is disabled',
    (biller: string) => operate('user.update', { biller, email: CANARY, disabled: true }),
  ],
  ['the portal user is removed', (biller: string) => operate('user.remove', { biller, email: CANARY })],
])('the canary ends, and that is in the audit, when %s', async (_, change) => {
  const slug = await newBiller();
  await startCanary(slug);
  await change(slug);
  const { canary } = await statusOf(slug);
  expect(canary).toBeNull();
  const events = (await eventsOf(slug)).filter(({ event }) => event.startsWith('key.canary'));
  expect(events.map(({ event }) => event)).toEqual(['key.canary_stopped', 'key.canary_started']);
  // Nothing of it comes back with the key or the portal user.
  await operate('key.back-out', { biller: slug }).catch(() => undefined);
  expect((await statusOf(slug)).canary).toBeNull();
});

test('a hand-over ends the canary, and the new key signs for everybody', async () => {
  const slug = await newBiller();
  const browser = await stage.signedIn(slug, EMAIL);
  const { staged } = await statusOf(slug);
  await startCanary(slug);
  const { url } = (await operate('key.hand-over', { biller: slug })) as { url: string };
  const { pathname, search } = new URL(url);
  await stage.installation.server.inject({ url: pathname + search, headers: { 'user-agent': 'their-crm' } });
  await vi.waitUntil(async () => (await statusOf(slug)).staged === null, { timeout: 30_000 });
  expect(await signerOf(slug, browser)).toBe(staged?.fingerprint);
  const [last] = (await eventsOf(slug)).filter(({ event }) => event.startsWith('key.canary'));
  expect(last).toMatchObject({ event: 'key.canary_stopped', details: { actor: expect.stringContaining('their-crm') } });
});

test('a canary goes with its biller', async () => {
  const slug = await newBiller();
  await startCanary(slug);
  await operate('biller.remove', { slug });
  // As soon as the notice of that has arrived.
  await vi.waitUntil(async () => (await codeOf(statusOf(slug))) === 'biller_not_found', { timeout: 30_000 });
  const { db } = stage.installation.services.database;
  const canaries = db.selectFrom('signingKeys').select('id').where('canaryUserId', 'is not', null);
  const left = await canaries.execute();
  expect(left.length).toBe(
    ((await operate('key.status', {})) as Status[]).filter(({ canary }) => canary !== null).length,
  );
});

test('a change that fails halfway leaves no canary', async () => {
  const slug = await newBiller();
  const { audit } = stage.installation.services;
  const { appendWithin } = audit;
  audit.appendWithin = () => Promise.reject(new Error('the process ended here'));
  await expect(startCanary(slug)).rejects.toThrow('the process ended here');
  audit.appendWithin = appendWithin;
  expect((await statusOf(slug)).canary).toBeNull();
});

test('a staged key that can’t be opened stops nobody but the canary', async () => {
  const slug = await newBiller();
  const [canary, everybody] = [await stage.signedIn(slug, CANARY), await stage.signedIn(slug, EMAIL)];
  await startCanary(slug);
  const { staged, active } = await statusOf(slug);
  await stage.installation.services.database.db
    .updateTable('signingKeys')
    .set({ sealedPrivateKey: Buffer.from('damaged') })
    .where('fingerprint', '=', staged?.fingerprint ?? '')
    .execute();
  stage.installation.services.keys.forget(undefined);
  expect(await signerOf(slug, everybody)).toBe(active.fingerprint);
  expect((await stage.bring(canary, {}, undefined, slug)).statusCode).toBe(503);
  await operate('biller.remove', { slug });
});

// Last: afterwards the stage has the old master key only.
test('a canary goes on through a rotation of the master key', async () => {
  const slug = await newBiller();
  const { cookies } = await stage.signedIn(slug, CANARY);
  await startCanary(slug);
  const { staged } = await statusOf(slug);
  const { database, keyedHash } = stage.installation.services;
  await verifyMasterKey(database.db, stage.installation.services.masterKey);
  const masterKey = createMasterKey(randomBytes(32).toString('base64'), stage.installation.masterKey);
  await verifyMasterKey(database.db, masterKey);
  const services = createServices({
    publicUrl: 'https://idp.example',
    database,
    masterKey,
    keyedHash,
    clock: stage.now,
  });
  const before = await statusOf(slug);
  await runNamed(services, 'master-key.rotate', {}, actorWithEveryRole('test'));
  const server = await createServer(services, { logger: pino({ level: 'silent' }), settings: {} });
  expect(await signerOf(slug, createBrowserLike(server, cookies))).toBe(staged?.fingerprint);
  expect((await statusOf(slug)).canary).toMatchObject({ user_id: before.canary?.user_id, sign_ons: 1 });
  await server.close();
});
