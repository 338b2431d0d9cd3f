import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import {
  type BrowserLike,
  createBrowserLike,
  errorCodeOf,
  requirePosted,
  textOf,
} from '../support/browser/browser-like.ts';
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
const PERSISTENT =
  '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>';
/** What version 0.1.0 answers for this portal user. */
const NAME_ID = 'JI9B7dFeqs1F9QJGtT3LKBoXSqZN_A6RBMOeJmM8tUg';
const TRACE = 'salmon-tidal-thread';

let installation: TestInstallation;
let drop: () => Promise<void>;
let url: string;

beforeAll(async () => {
  // A minute later, whenever this test runs: the session is still open, and the certificates are valid.
  vi.useFakeTimers({ toFake: ['Date'], now: MADE_AT + 60_000 });
  const database = await createTestDatabase(inject('postgresUrl'));
  ({ drop, url } = database);
  await load(url);
  installation = await startInstallation({ existing: { url, masterKey: MASTER_KEY } });
});
afterAll(async () => {
  await installation?.close();
  await drop?.();
  vi.useRealTimers();
});

async function load(address: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
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

async function query(sql: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
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

test('a portal user is one of the directory, and their persistent NameID is the one that they had', async () => {
  const users = await installation.operate('user.list', { biller: BILLER });
  expect(users).toMatchObject([{ email: EMAIL, source: 'directory', externalId: null }]);
  const parts = { attributes: { IssueInstant: new Date().toISOString() }, inside: PERSISTENT };
  const path = `/saml/${BILLER}/sso?${redirectQuery(authnRequest(parts))}`;
  expect(textOf(requirePosted(await signOn(returning(), path)).root, 'NameID')).toBe(NAME_ID);
});

test('a portal user and a session that the version before writes now are taken for what they are', async () => {
  const added = 'insert into portal_users (biller_id, email, email_key, password_hash)';
  const copied = "select biller_id, 'Kim@example.com', 'kim@example.com', password_hash from portal_users limit 1";
  const [user] = await query(`${added} ${copied} returning id`);
  const columns = 'biller_id, session_index, authenticated_at, last_seen_at, expires_at';
  await query(
    `insert into sessions (id_hash, user_id, ${columns}) select sha256('other'), $1, ${columns} from sessions limit 1`,
    [user?.id],
  );
  expect(await installation.operate('session.list', { biller: BILLER, email: 'kim@example.com' })).toMatchObject([
    { source: 'directory', beganBy: 'password' },
  ]);
  await installation.operate('user.remove', { biller: BILLER, email: 'kim@example.com' });
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
