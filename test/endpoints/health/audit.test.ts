/** `ready` and `doctor` say whether an assertion would get its audit row. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { startInstallation, type TestInstallation } from '../../support/installation.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

const ROLE = `ic_idp_test_service_${crypto.randomUUID().slice(0, 8)}`;
let installation: TestInstallation;
let admin: pg.Client;
let drop: () => Promise<void>;
/** Moved by hand: an answer must not expire while a test looks at it. */
let now = Date.now();

beforeAll(async () => {
  const made = await createTestDatabase(inject('postgresUrl'));
  drop = made.drop;
  // The owner makes the tables; the service runs as another role.
  await (await openPostgresql(made.url)).close();
  admin = new pg.Client({ connectionString: made.url });
  await admin.connect();
  await admin.query(`create role ${ROLE} login password 'secret'; grant all on all tables in schema public to ${ROLE}`);
  const url = Object.assign(new URL(made.url), { username: ROLE, password: 'secret' }).href;
  const masterKey = Buffer.alloc(32, 1).toString('base64');
  installation = await startInstallation({ existing: { url, masterKey }, clock: () => now });
});
afterAll(async () => {
  await installation?.close();
  await admin.query(`drop owned by ${ROLE}; drop role ${ROLE}`);
  await admin.end();
  await drop();
});
afterEach(async () => {
  // Nothing of a probe is left.
  const { rows } = await admin.query('select count(*)::int as events, min(id) as first from audit_events');
  expect(rows[0]).toEqual({ events: 0, first: null });
});

/** The answer of a probe that comes late enough to be a new one. */
async function ready() {
  now += 6_000;
  return probe();
}
async function probe() {
  const { statusCode, body } = await installation.server.inject('/health/ready');
  const { checks } = JSON.parse(body) as { checks: { name: string; ok: boolean; reasons?: string[] }[] };
  return { statusCode, audit: checks.find(({ name }) => name === 'audit') };
}
const doctor = async () =>
  (
    (await installation.operate('doctor', {})) as { subject: string; level: string; finding: string; remedy?: string }[]
  ).filter(({ subject }) => subject === 'audit');
const works = { statusCode: 200, audit: { name: 'audit', ok: true, problems: 0 } };

/** The service has connections with the role's new settings. */
async function reconnected() {
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${ROLE}'`);
  while ((await ready()).audit === undefined);
}

async function expectProblem(reason: string, remedy: string) {
  expect(await ready()).toEqual({
    statusCode: 503,
    audit: { name: 'audit', ok: false, problems: 1, reasons: [reason] },
  });
  expect(await doctor()).toEqual([
    { subject: 'audit', level: 'error', finding: reason, remedy: expect.stringContaining(remedy) },
  ]);
}

test('says that it is ready while an event can be written', async () => {
  expect(await ready()).toEqual(works);
  expect(await doctor()).toEqual([
    { subject: 'audit', level: 'ok', finding: 'an event can be written and flushed to disk' },
  ]);
});

test('names a database that has become read-only', async () => {
  const set = (value: string) => admin.query(`alter role ${ROLE} set default_transaction_read_only = ${value}`);
  await set('on');
  await reconnected();
  await expectProblem('the database is read-only', 'DATABASE_URL');
  await set('off');
  await reconnected();
  expect(await ready()).toEqual(works);
});

test('names an audit table that someone has locked', async () => {
  await admin.query('begin; lock table audit_events in share mode');
  try {
    await expectProblem('the audit table is locked', 'pg_locks');
  } finally {
    await admin.query('rollback');
  }
  expect(await ready()).toEqual(works);
});

test('names a role that may not add events', async () => {
  await admin.query(`revoke insert on audit_events from ${ROLE}`);
  await expectProblem('the database role of the service may not add to the audit', 'grant insert on audit_events');
  await admin.query(`grant insert on audit_events to ${ROLE}`);
  expect(await ready()).toEqual(works);
});

test('shows what the database says to operators only', async () => {
  await admin.query("alter table audit_events add constraint oddity check (event <> 'probe')");
  const { audit } = await ready();
  expect(audit?.reasons).toEqual(['the database refuses an audit event']);
  expect((await doctor())[0]?.finding).toContain('violates check constraint "oddity"');
  await admin.query('alter table audit_events drop constraint oddity');
});

test('answers probes that come fast from the last look, and looks again sooner after a failure', async () => {
  expect(await ready()).toEqual(works);
  await admin.query(`revoke insert on audit_events from ${ROLE}`);
  now += 4_000;
  expect(await probe()).toEqual(works);
  now += 2_000;
  expect((await probe()).statusCode).toBe(503);
  await admin.query(`grant insert on audit_events to ${ROLE}`);
  expect((await probe()).statusCode).toBe(503);
  now += 1_000;
  expect(await probe()).toEqual(works);
});
