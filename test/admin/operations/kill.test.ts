/**
 * The promise behind every operation: a change and its audit event are committed together. Operators work in a process
 * that is killed (SIGKILL) at random moments; afterwards every row must have its event, and every event its row.
 *
 * KILL_ROUNDS sets the number of kills, e.g. `KILL_ROUNDS=100 npx vitest run test/admin/operations/kill.test.ts`.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProgram } from '../../support/cli.ts';
import { createTestStorage, type TestStorage } from '../../support/storage.ts';

const KILLS = Number(process.env.KILL_ROUNDS ?? 6);
/** So many operations are done when the kill comes. */
const KILL_AFTER = [3, 40] as const;

let storage: TestStorage;
let client: pg.Client;
beforeAll(async () => {
  storage = await createTestStorage('postgresql');
  // Applies the migrations.
  await (await storage.open()).close();
  client = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
  await client.connect();
  // An event takes as long as on a slow disk. A change that is committed before it then stays without it for long enough.
  await client.query(`create function be_slow() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.01); return null; end $$`);
  await client.query(`create trigger slow after insert on audit_events
    for each statement execute function be_slow()`);
});
afterAll(async () => {
  await client?.end();
  await storage?.remove();
});

/** Starts an operator and kills it. @returns how many operations were done by then, at least */
async function killAnOperator(round: number): Promise<number> {
  const { environment: env, folder } = storage;
  const { child } = startProgram('test/admin/operations/endless-operator.ts', [String(round)], { folder, env });
  const killAt = randomInt(...KILL_AFTER);
  let done = 0;
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text));
  child.stdout.on('data', (dots: Buffer) => {
    done += dots.length;
    if (done >= killAt) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal, complaint).toBe('SIGKILL');
  return done;
}

/** Each query finds what has no counterpart. `details->>'actor'` is left out: nobody else changes this database. */
const WITHOUT_COUNTERPART = {
  'billers without their event': `select slug from billers b where not exists
    (select from audit_events where event = 'biller.added' and biller_id = b.id)`,
  'events of billers that are not there': `select details ->> 'slug' as slug from audit_events a
    where event = 'biller.added' and not exists (select from billers where id = a.biller_id) and not exists
    (select from audit_events where event = 'biller.removed' and biller_id = a.biller_id)`,
  'billers that are there though their removal is audited': `select slug from billers b where exists
    (select from audit_events where event = 'biller.removed' and biller_id = b.id)`,
  'changes of billers without their event, or the other way round': `select slug from billers b where name::int <>
    (select count(*) from audit_events where event = 'biller.updated' and biller_id = b.id)`,
  'keys without their event': `select fingerprint from signing_keys k where not exists
    (select from audit_events where event = 'key.created' and key_fingerprint = k.fingerprint)`,
  'portal users without their event': `select id from portal_users u where not exists
    (select from audit_events where event = 'user.added' and user_id = u.id)`,
  'events of portal users that are not there': `select user_id from audit_events a where event = 'user.added' and not exists
    (select from portal_users where id = a.user_id) and not exists (select from audit_events
      where event = 'user.removed' and user_id = a.user_id or event = 'biller.removed' and biller_id = a.biller_id)`,
  'portal users that are there though their removal is audited': `select id from portal_users u where exists
    (select from audit_events where event = 'user.removed' and user_id = u.id)`,
  'changes of portal users without their event, or the other way round': `select id from portal_users u where
    (select count(*) - 1 from accounts where user_id = u.id) <>
    (select count(*) from audit_events where event = 'user.updated' and user_id = u.id)`,
  'key requests without their event, or the other way round': `select slug from billers b where exists
    (select from key_requests where biller_id = b.id) <>
    exists (select from audit_events where event = 'key.requested' and biller_id = b.id)`,
} as const;

test('every change has its audit event, and every event its change, however the operator’s process dies', {
  timeout: 300_000,
}, async () => {
  let done = 0;
  for (let round = 1; round <= KILLS; round += 1) {
    done += await killAnOperator(round);
    for (const [what, query] of Object.entries(WITHOUT_COUNTERPART)) {
      expect((await client.query(query)).rows, `${what}, after kill ${round}`).toEqual([]);
    }
  }
  const { rows } = await client.query('select count(*)::int as events from audit_events');
  console.log(`${KILLS} kills, ${done} operations done, ${rows[0].events} audit events`);
  expect(rows[0].events).toBeGreaterThanOrEqual(done);
});
