/**
 * Every operation commits a change and its audit event together. Operators work in a process that is killed (SIGKILL)
 * at a random moment while one of the tables is locked: what they have committed stays, what waits for the table is
 * lost. Afterwards every row must have its event, and every event its row.
 *
 * KILL_ROUNDS sets the number of kills, e.g. `KILL_ROUNDS=100 npx vitest run test/admin/operations/kill.test.ts`.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestStorage, type TestStorage } from '../../support/postgres/storage.ts';
import { startProgram } from '../../support/programs/cli.ts';

const KILLS = Number(process.env.KILL_ROUNDS ?? 8);
/** The number of operations before the table is locked. */
const LOCK_AFTER = [3, 60] as const;
/** The audit every other time, to stop between a change and its event; the other tables stop what follows the event. */
const TABLES = ['audit_events', 'billers', 'audit_events', 'portal_users', 'audit_events', 'key_requests'] as const;

let storage: TestStorage;
let client: pg.Client;
/** Holds the lock. Its name distinguishes it from the operators. */
let locker: pg.Client;
beforeAll(async () => {
  storage = await createTestStorage('postgresql');
  // Applies the migrations.
  await (await storage.open()).close();
  const connectionString = storage.environment.DATABASE_URL;
  client = new pg.Client({ connectionString });
  locker = new pg.Client({ connectionString, application_name: 'locker' });
  await Promise.all([client.connect(), locker.connect()]);
});
afterAll(async () => {
  await Promise.all([client?.end(), locker?.end()]);
  await storage?.remove();
});

const OTHERS = `from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and application_name <> 'locker'`;

/** Resolves when an operator waits for the lock and no operator makes progress. */
async function allAreHeldUp(done: () => number): Promise<void> {
  let [before, quiet] = [-1, 0];
  while (quiet < 4) {
    await pause(50);
    const { rowCount } = await client.query(`select ${OTHERS} and wait_event_type = 'Lock'`);
    quiet = rowCount !== 0 && done() === before ? quiet + 1 : 0;
    before = done();
  }
}

/** Starts operators, holds them up at a table and kills them. @returns the minimum number of completed operations */
async function killOperators(round: number): Promise<number> {
  const { environment: env, folder } = storage;
  const { child } = startProgram('test/admin/operations/endless-operator.ts', [String(round)], { folder, env });
  const lockAt = randomInt(...LOCK_AFTER);
  const moment = new EventTarget();
  const reached = once(moment, 'reached');
  let [done, complaint] = [0, ''];
  child.stderr.on('data', (text: Buffer) => (complaint += text));
  child.stdout.on('data', (dots: Buffer) => {
    done += dots.length;
    if (done >= lockAt) moment.dispatchEvent(new Event('reached'));
  });
  const closed = once(child, 'close');
  await Promise.race([reached, closed]);
  expect(child.exitCode, complaint).toBeNull();
  await locker.query(`begin; lock table ${TABLES[round % TABLES.length]} in share mode`);
  await allAreHeldUp(() => done);
  child.kill('SIGKILL');
  await closed;
  // A connection whose process died would still execute the statement that is waiting.
  await client.query(`select pg_terminate_backend(pid) ${OTHERS}`);
  await expect.poll(async () => (await client.query(`select ${OTHERS}`)).rowCount, { timeout: 20_000 }).toBe(0);
  await locker.query('rollback');
  return done;
}

/** Each query finds rows without a counterpart. */
const WITHOUT_COUNTERPART = {
  'billers without their event': `select slug from billers b where not exists
    (select from audit_events where event = 'biller.added' and biller_id = b.id)`,
  'events of billers that do not exist': `select details ->> 'slug' as slug from audit_events a
    where event = 'biller.added' and not exists (select from billers where id = a.biller_id) and not exists
    (select from audit_events where event = 'biller.removed' and biller_id = a.biller_id)`,
  'billers that exist although their removal is audited': `select slug from billers b where exists
    (select from audit_events where event = 'biller.removed' and biller_id = b.id)`,
  'changes of billers without their event, or the reverse': `select slug from billers b where name::int <>
    (select count(*) from audit_events where event = 'biller.updated' and biller_id = b.id)`,
  'keys without their event': `select fingerprint from signing_keys k where not exists
    (select from audit_events where event = 'key.created' and key_fingerprint = k.fingerprint)`,
  'portal users without their event': `select id from portal_users u where not exists
    (select from audit_events where event = 'user.added' and user_id = u.id)`,
  'events of portal users that do not exist': `select user_id from audit_events a where event = 'user.added' and not exists
    (select from portal_users where id = a.user_id) and not exists (select from audit_events
      where event = 'user.removed' and user_id = a.user_id or event = 'biller.removed' and biller_id = a.biller_id)`,
  'portal users that exist although their removal is audited': `select id from portal_users u where exists
    (select from audit_events where event = 'user.removed' and user_id = u.id)`,
  'changes of portal users without their event, or the reverse': `select id from portal_users u where
    (select count(*) - 1 from accounts where user_id = u.id) <>
    (select count(*) from audit_events where event = 'user.updated' and user_id = u.id)`,
  'key requests without their event, or the reverse': `select slug from billers b where exists
    (select from key_requests where biller_id = b.id) <>
    exists (select from audit_events where event = 'key.requested' and biller_id = b.id)`,
} as const;

test('every change has its audit event and every event its change, whenever the operator’s process dies', {
  timeout: 300_000,
}, async () => {
  let done = 0;
  for (let round = 1; round <= KILLS; round += 1) {
    done += await killOperators(round);
    for (const [what, query] of Object.entries(WITHOUT_COUNTERPART)) {
      expect((await client.query(query)).rows, `${what}, after kill ${round}`).toEqual([]);
    }
  }
  const { rows } = await client.query('select count(*)::int as events from audit_events');
  console.log(`${KILLS} kills, ${done} operations done, ${rows[0].events} audit events`);
  expect(rows[0].events).toBeGreaterThanOrEqual(done);
});
