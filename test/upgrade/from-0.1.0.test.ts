import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { type BrowserLike, createBrowserLike, errorCodeOf, requirePosted } from '../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createTestDatabase } from '../support/postgres/postgres.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';
import { createServiceProvider } from '../support/saml/service-provider.ts';

// What the installation had when the dump was made.
const MADE_AT = Date.parse('2026-11-26T01:29:07Z');
const MASTER_KEY = Buffer.from('ic-idp test master key, 32 bytes').toString('base64');
const BILLER = 'riverton-water';
const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const SESSION = 'eKLma1cO6jq44BJ66XoSN2p5k9J0_NoE5elQ_LgfioA';
const ANSWERED_REQUEST = '_0123456789abcdef0123456789abcdef';
const TRACE = 'salmon-tidal-thread';

let installation: TestInstallation;
let drop: () => Promise<void>;

beforeAll(async () => {
  // A minute later, whenever this test runs: the session is still open, and the certificates are valid.
  vi.useFakeTimers({ toFake: ['Date'], now: MADE_AT + 60_000 });
  const database = await createTestDatabase(inject('postgresUrl'));
  drop = database.drop;
  await load(database.url);
  installation = await startInstallation({ existing: { url: database.url, masterKey: MASTER_KEY } });
});
afterAll(async () => {
  await installation?.close();
  await drop?.();
  vi.useRealTimers();
});

async function load(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(readFileSync(join(import.meta.dirname, 'version-0.1.0.sql'), 'utf8'));
  } finally {
    await client.end();
  }
}

/** Brings a request by its path, and chooses the first account. */
async function signOn(browser: BrowserLike, path: string) {
  const page = await browser.follow(await browser.get(path));
  const flow = /name="flow" value="([^"]+)"/.exec(page.body)?.[1];
  return flow === undefined ? page : browser.post(`/saml/${BILLER}/sso`, { flow, account: '101Invoice' });
}

/** One sign-on that the Service Provider asks for, with the certificate that it is given now. @returns what it accepts */
async function acceptedSignOn(browser: BrowserLike) {
  const serviceProvider = await createServiceProvider(installation, BILLER);
  const { path } = await serviceProvider.request('HTTP-Redirect');
  return serviceProvider.judge(requirePosted(await signOn(browser, path)));
}

const returning = () => createBrowserLike(installation.server, new Map([['__Host-session', SESSION]]));
const certificate = async () => (await installation.server.inject(`/saml/${BILLER}/certificate.pem`)).body;

test('a portal user signs in with the password, and the key that was active signs what the Service Provider accepts', async () => {
  const browser = createBrowserLike(installation.server);
  await browser.signIn(BILLER, EMAIL, PASSWORD);
  expect(await acceptedSignOn(browser)).toMatchObject({ nameID: EMAIL, AccountNumber: '101Invoice' });
});

test('a session that was open stays open, with its accounts', async () => {
  expect(await acceptedSignOn(returning())).toMatchObject({ nameID: EMAIL });
});

test('a request that was answered before the upgrade is not answered again', async () => {
  const attributes = { ID: ANSWERED_REQUEST, IssueInstant: new Date().toISOString() };
  const path = `/saml/${BILLER}/sso?${redirectQuery(authnRequest({ attributes }))}`;
  expect(errorCodeOf(await signOn(returning(), path))).toBe('request_replayed');
});

test('the audit shows what happened before, and finds it by email', async () => {
  const events = (await installation.operate('audit.list', { biller: BILLER })) as { readonly event: string }[];
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['biller.added', 'key.created', 'user.added', 'key.staged', 'assertion.issued']),
  );
  const found = (await installation.operate('audit.list', { email: EMAIL, request: ANSWERED_REQUEST })) as unknown[];
  expect(found).toHaveLength(1);
});

test('the trace of a sign-on that was refused before can be shown', async () => {
  expect(await installation.operate('trace.show', { reference: TRACE })).toMatchObject({ reference: TRACE });
});

test('a key that was staged before can be activated, and signs', async () => {
  const before = await certificate();
  await installation.operate('key.activate', { biller: BILLER, force: true, reason: 'upgrade test' });
  expect(await certificate()).not.toBe(before);
  expect(await acceptedSignOn(returning())).toMatchObject({ nameID: EMAIL });
});
