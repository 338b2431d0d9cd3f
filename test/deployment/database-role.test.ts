/** The service as a database role that can add to the audit but not change it, set up with the SQL of operations.md. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openPostgresql } from '../../src/platform/database/postgresql.ts';
import { createBrowserLike, requirePosted } from '../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { createTestDatabase } from '../support/postgres/postgres.ts';
import { ofCheckout, runCli, workingFolder } from '../support/programs/cli.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';

const PAGE = readFileSync(ofCheckout('docs/operations.md'), 'utf8');
const [, SQL = ''] = /^### A role that can't change the audit$.*?^```sql\n(.*?)^```$/ms.exec(PAGE) ?? [];
const [, PASSWORD = ''] = /ic_idp_service login password '([^']+)'/.exec(SQL) ?? [];
const OWNER = `ic_idp_owner_${crypto.randomUUID().slice(0, 8)}`;

let admin: pg.Client;
let owner: pg.Client;
let ownerUrl: string;
let serviceUrl: string;
let drop: () => Promise<void>;
let installation: TestInstallation | undefined;

const as = (url: string, username: string, password: string) =>
  Object.assign(new URL(url), { username, password: encodeURIComponent(password) }).href;

async function connected(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

beforeAll(async () => {
  const made = await createTestDatabase(inject('postgresUrl'));
  drop = made.drop;
  admin = await connected(made.url);
  await admin.query(`create role ${OWNER} login createrole password 'owner'`);
  await admin.query(`alter database ${new URL(made.url).pathname.slice(1)} owner to ${OWNER}`);
  ownerUrl = as(made.url, OWNER, 'owner');
  serviceUrl = as(made.url, 'ic_idp_service', PASSWORD);
  const { folder, remove } = workingFolder();
  const migrated = await runCli(['migrate'], { folder, env: { DATABASE_URL: ownerUrl } });
  remove();
  expect(migrated).toEqual({ code: 0, stdout: 'The tables are up to date.\n', stderr: '' });
  owner = await connected(ownerUrl);
  await owner.query(SQL);
});
afterAll(async () => {
  await installation?.close();
  await owner?.end();
  await admin.query(
    `reassign owned by ${OWNER} to current_user; drop owned by ic_idp_service; drop role ic_idp_service`,
  );
  await admin.query(`drop owned by ${OWNER}; drop role ${OWNER}`);
  await admin.end();
  await drop();
});

test('a whole sign-on, a rotation and tidying work with that role', async () => {
  installation = await startInstallation({
    existing: { url: serviceUrl, masterKey: Buffer.alloc(32, 1).toString('base64') },
  });
  const { server, services, operate } = installation;
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
  await installation.addUser('riverton', 'pat@example.com', 'correct horse battery', ['101Invoice']);
  const browser = createBrowserLike(server);
  const signOn = async () => requirePosted(await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`));
  await browser.post('/login/riverton', { email: 'pat@example.com', password: 'wrong password' });
  await browser.signIn('riverton', 'pat@example.com', 'correct horse battery');
  await signOn();
  expect((await server.inject('/saml/riverton/metadata')).statusCode).toBe(200);
  await services.fetches.drained();
  await operate('key.stage', { biller: 'riverton', keyType: 'EC-P256' });
  await operate('key.activate', { biller: 'riverton', force: true, reason: 'test' });
  await signOn();
  await operate('key.judge', { biller: 'riverton', verdict: 'accepted' });
  await operate('key.retire', { biller: 'riverton' });
  await operate('biller.update', { slug: 'riverton', name: 'Riverton' });
  await services.tidy();
  await operate('session.end', { biller: 'riverton', all: true });
  expect((await server.inject('/health/ready')).json()).toMatchObject({ status: 'ok' });
  const findings = (await operate('doctor', {})) as { level: string }[];
  expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(await operate('audit.list', { event: 'assertion.issued' })).toHaveLength(2);
  await operate('biller.remove', { slug: 'riverton' });
});

test.each([
  "update audit_events set event = 'sign_in.failed'",
  'delete from audit_events',
  'truncate audit_events',
  'drop table audit_events',
  'alter table audit_events disable trigger all',
  'create trigger hush before insert on audit_events for each row execute function suppress_redundant_updates_trigger()',
  "delete from schema_migrations where name like '0009%'",
  'set role postgres',
])('the role is refused: %s', async (statement) => {
  const service = await connected(serviceUrl);
  try {
    await expect(service.query(statement)).rejects.toMatchObject({ code: '42501' });
  } finally {
    await service.end();
  }
});

test('a table of a later migration is there for the role', async () => {
  await owner.query('create table later (id bigint generated always as identity, name text)');
  const service = await connected(serviceUrl);
  try {
    await service.query("insert into later (name) values ('x'); update later set name = 'y'; delete from later");
  } finally {
    await service.end();
    await owner.query('drop table later');
  }
});

test('where the tables are not up to date, the start names the command that the owner runs', async () => {
  const last = 'select max(name) as name from schema_migrations';
  const { rows } = await owner.query(last);
  // As if the version that starts had one migration more.
  await owner.query('delete from schema_migrations where name = $1', [rows[0].name]);
  try {
    await expect(openPostgresql(serviceUrl)).rejects.toThrow(
      /^its tables must be brought up to date, which its role may not do \(.+\)\. Run `ic-idp migrate` with the DATABASE_URL of their owner$/,
    );
  } finally {
    await owner.query('insert into schema_migrations (name) values ($1)', [rows[0].name]);
  }
  await (await openPostgresql(serviceUrl)).close();
});
