import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type BrowserLike, createBrowserLike, errorCodeOf, requirePosted } from '../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createTestDatabase } from '../support/postgres/postgres.ts';
import { authnRequest, postFields, redirectQuery } from '../support/saml/authn-request.ts';

const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const ROLE = `ic_idp_test_${randomBytes(6).toString('hex')}`;

let installation: TestInstallation;
/** A superuser, for whom the limits of the role do not hold. */
let admin: pg.Client;
let database: string;
let drop: () => Promise<void>;
let signedIn: BrowserLike;
beforeAll(async () => {
  const made = await createTestDatabase(inject('postgresUrl'));
  drop = made.drop;
  admin = new pg.Client({ connectionString: made.url });
  await admin.connect();
  const url = new URL(made.url);
  database = url.pathname.slice(1);
  await admin.query(`create role ${ROLE} login password 'test'; alter database ${database} owner to ${ROLE}`);
  url.username = ROLE;
  url.password = 'test';
  const masterKey = randomBytes(32).toString('base64');
  installation = await startInstallation({ existing: { url: url.href, masterKey } });
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
  await installation.addUser('riverton', EMAIL, PASSWORD, ['101Invoice']);
  signedIn = stranger();
  await signedIn.signIn('riverton', EMAIL, PASSWORD);
});
afterAll(async () => {
  await installation.close();
  await admin.end();
  await drop();
  const server = new pg.Client({ connectionString: inject('postgresUrl') });
  await server.connect();
  await server.query(`drop role ${ROLE}`);
  await server.end();
});

const stranger = () => createBrowserLike(installation.server);
const redirect = (browser: BrowserLike) => browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`);
/** Every kind of request that writes something. */
const requests: Record<string, () => ReturnType<typeof redirect>> = {
  'a sign-on that needs a sign-in': () => redirect(stranger()),
  'a sign-on by POST': () => stranger().post('/saml/riverton/sso', postFields(authnRequest())),
  'a sign-on of someone who is signed in': () => redirect(signedIn),
  'a sign-in': () => stranger().post('/login/riverton', { email: EMAIL, password: PASSWORD }),
  'a launch': () => signedIn.get('/launch/riverton/autopay'),
};

/** Ends the connections of the service, so that new ones get the changed settings. */
const reconnect = () =>
  admin.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [ROLE]);
const setting = (name: string, value: string) => ({
  begin: async () => {
    await admin.query(`alter database ${database} set ${name} = '${value}'`);
    await reconnect();
  },
  end: async () => {
    await admin.query(`alter database ${database} reset ${name}`);
    await reconnect();
  },
});
/** Makes every INSERT and UPDATE fail like a real one would. */
const failing = (state: string) => ({
  begin: async () => {
    await admin.query(`create function fail() returns trigger language plpgsql as
      $$ begin raise exception 'no room' using errcode = '${state}'; end $$`);
    for (const table of ['sign_on_flows', 'audit_events', 'sign_in_attempts', 'sessions']) {
      await admin.query(`create trigger fail before insert or update on ${table} execute function fail()`);
    }
  },
  end: async () => void (await admin.query('drop function fail cascade')),
});
const locked = setting('lock_timeout', '20ms');
const tables = 'sign_on_flows, audit_events, sign_in_attempts, sessions';

const troubles: Record<string, { begin(): Promise<unknown>; end(): Promise<unknown> }> = {
  'is read-only, as after a failover': setting('default_transaction_read_only', 'on'),
  'has no connection left': {
    begin: async () => {
      await admin.query(`alter role ${ROLE} connection limit 0`);
      await reconnect();
    },
    end: () => admin.query(`alter role ${ROLE} connection limit -1`),
  },
  'lets nobody in': {
    begin: async () => {
      await admin.query(`alter role ${ROLE} nologin`);
      await reconnect();
    },
    end: () => admin.query(`alter role ${ROLE} login`),
  },
  'has its tables locked for longer than lock_timeout': {
    begin: async () => {
      await locked.begin();
      await admin.query(`begin; lock table ${tables} in exclusive mode`);
    },
    end: async () => {
      await admin.query('rollback');
      await locked.end();
    },
  },
  'has no disk space left': failing('53100'),
  'has no memory left': failing('53200'),
  'can’t read its disk': failing('58030'),
  'ends a transaction because of a deadlock': failing('40P01'),
};

test.each(Object.keys(troubles))(
  'a database that %s: status 503 with a page, and all is well afterwards',
  async (name) => {
    const trouble = troubles[name];
    await trouble?.begin();
    try {
      for (const [request, send] of Object.entries(requests)) {
        const page = await send();
        const got = [page.statusCode, errorCodeOf(page), Number(page.headers['retry-after']) > 0];
        expect([request, ...got]).toEqual([request, 503, 'service_unavailable', true]);
      }
    } finally {
      await trouble?.end();
    }
    // Connections that were ended while idle are noticed by their next use.
    await expect.poll(async () => (await redirect(stranger())).statusCode, { timeout: 30_000 }).toBe(303);
    requirePosted(await redirect(signedIn));
  },
);
