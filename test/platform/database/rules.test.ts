import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { AcceptedRequest } from '../../../src/core/authn-requests/check.ts';
import { deleteBiller, findBiller, insertBiller } from '../../../src/core/billers/store.ts';
import { insertKey } from '../../../src/core/keys/store.ts';
import { insertUser } from '../../../src/core/portal-users/store.ts';
import { insertSession } from '../../../src/core/sessions/store.ts';
import { insertTrace } from '../../../src/diagnostics/traces/store.ts';
import { newBillerRow, newKeyRow } from '../../support/postgres/rows.ts';
import { useTestStorage } from '../../support/postgres/use-storage.ts';

const now = new Date('2026-03-01T08:00:00.000Z');

/** The database's error: SQLSTATE and the violated constraint. */
async function brokenRule(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: { code?: string; constraint?: string }) => thrown,
  );
  return error === undefined ? 'none' : `${error.code} ${error.constraint}`;
}

type UserToAdd = [user: Parameters<typeof insertUser>[1], accounts: Parameters<typeof insertUser>[2]];

const UNIQUE = '23505';
const CHECK = '23514';
const FOREIGN_KEY = '23503';

describe('the database itself', () => {
  const store = useTestStorage();
  const { addBiller } = store;

  const issued = (billerId: string, requestId: string | null, assertionId: string, event = 'assertion.issued') =>
    store.db
      .insertInto('auditEvents')
      .values({ at: now, event, reference: 'AAAA-AAAA', billerId, requestId, assertionId });
  const addUser = (...[user, accounts]: UserToAdd) =>
    store.connection.database.transaction((transaction) => insertUser(transaction, user, accounts));

  test('refuses a second active key of a biller, by insert and by update', {
    meta: { holds: ['IDP-088'], source: 'project rule' },
  }, async () => {
    const [biller, other] = [await addBiller(), await addBiller()];
    await insertKey(store.db, newKeyRow(biller.id, 'active'));
    await insertKey(store.db, newKeyRow(other.id, 'active'));
    const rule = `${UNIQUE} one_active_key_per_biller`;
    expect(await brokenRule(insertKey(store.db, newKeyRow(biller.id, 'active')))).toBe(rule);

    const staged = newKeyRow(biller.id, 'staged');
    await insertKey(store.db, staged);
    const second = brokenRule(insertKey(store.db, newKeyRow(biller.id, 'staged')));
    expect(await second).toBe(`${UNIQUE} one_staged_key_per_biller`);
    const activate = () =>
      store.db.updateTable('signingKeys').set({ state: 'active' }).where('id', '=', staged.id).execute();
    expect(await brokenRule(activate())).toBe(rule);
    await store.db
      .updateTable('signingKeys')
      .set({ state: 'retiring' })
      .where('billerId', '=', biller.id)
      .where('state', '=', 'active')
      .execute();
    expect(await brokenRule(activate())).toBe('none');
  });

  test('refuses a retired key with a private part, and a key in use without one', async () => {
    const biller = await addBiller();
    const rule = `${CHECK} signing_keys_private_part`;
    const retired = { ...newKeyRow(biller.id, 'retired'), sealedPrivateKey: randomBytes(32) };
    expect(await brokenRule(insertKey(store.db, retired))).toBe(rule);
    const active = { ...newKeyRow(biller.id, 'active'), sealedPrivateKey: null };
    expect(await brokenRule(insertKey(store.db, active))).toBe(rule);
  });

  test('refuses an unknown key state', async () => {
    const biller = await addBiller();
    const key = { ...newKeyRow(biller.id, 'active'), state: 'Active' };
    expect(await brokenRule(insertKey(store.db, key))).toBe(`${CHECK} signing_keys_state`);
  });

  test('refuses a second assertion for a request of the same biller, and nothing else', async () => {
    const [biller, other] = [await addBiller(), await addBiller()];
    expect(await brokenRule(issued(biller.id, '_one', '_a').execute())).toBe('none');
    const rule = `${UNIQUE} one_assertion_per_request`;
    expect(await brokenRule(issued(biller.id, '_one', '_b').execute())).toBe(rule);
    expect(await brokenRule(issued(biller.id, '_two', '_c').execute())).toBe('none');
    expect(await brokenRule(issued(other.id, '_one', '_d').execute())).toBe('none');
    expect(await brokenRule(issued(biller.id, '_one', '_e', 'sign_on.refused').execute())).toBe('none');
    // Unsolicited Responses have no request.
    expect(await brokenRule(issued(biller.id, null, '_f').execute())).toBe('none');
    expect(await brokenRule(issued(biller.id, null, '_g').execute())).toBe('none');
  });

  test('refuses a second biller with the same slug or BillerGUID, and a second user with the same email', async () => {
    const biller = await addBiller();
    const { slug, billerGuid } = biller;
    const unlike = newBillerRow();
    expect(await brokenRule(insertBiller(store.db, { ...unlike, slug }))).toBe(`${UNIQUE} billers_slug_unique`);
    expect(await brokenRule(insertBiller(store.db, { ...unlike, billerGuid }))).toBe(
      `${UNIQUE} billers_biller_guid_unique`,
    );
    const user = { billerId: biller.id, email: 'ada@example.com', passwordHash: 'x' };
    await addUser(user, []);
    expect(await brokenRule(addUser({ ...user, email: 'ADA@example.com' }, []))).toBe(`${UNIQUE} portal_users_email`);
    await addUser({ ...user, billerId: (await addBiller()).id }, []);
  });

  test('refuses rows of a biller that does not exist', async () => {
    const missing = crypto.randomUUID();
    expect(await brokenRule(insertKey(store.db, newKeyRow(missing, 'active')))).toMatch(FOREIGN_KEY);
    const user = { billerId: missing, email: 'ada@example.com', passwordHash: 'x' };
    expect(await brokenRule(addUser(user, []))).toMatch(FOREIGN_KEY);
  });

  test('removes everything that belongs to a removed biller, leaves other billers alone, and keeps the audit', async () => {
    const [biller, other] = [await addBiller(), await addBiller()];
    for (const { id: billerId } of [biller, other]) {
      await insertKey(store.db, newKeyRow(billerId, 'active'));
      const user = { billerId, email: 'ada@example.com', passwordHash: 'x' };
      const userId = await addUser(user, [{ number: billerId, role: 'owner' }]);
      const asChecked = { passwordHash: 'x', emailKey: 'ada@example.com' };
      const times = { authenticatedAt: now, lastSeenAt: now, expiresAt: now };
      await insertSession(
        store.db,
        { idHash: randomBytes(32), billerId, userId, sessionIndex: '_i', ...times },
        asChecked,
      );
      const id = randomBytes(12).toString('base64url');
      const request = { acsUrl: 'https://sp.example/acs' } as AcceptedRequest;
      await store.db
        .insertInto('signOnFlows')
        .values({ id, secretHash: randomBytes(32), billerId, request, expiresAt: now })
        .execute();
      const trace = { code: 'acs_unknown', sentence: '', detail: '', checks: [] };
      await insertTrace(store.db, `trace of ${billerId}`, billerId, now, trace);
      await issued(billerId, '_one', '_a').execute();
    }
    const tables = ['signingKeys', 'portalUsers', 'sessions', 'signOnFlows', 'signOnTraces', 'auditEvents'] as const;
    const counts = async (billerId: string) => {
      const all = sql<number>`count(*)::int`.as('count');
      const ofBiller = tables.map((table) => store.db.selectFrom(table).select(all).where('billerId', '=', billerId));
      const ofAccounts = store.db.selectFrom('accounts').select(all).where('number', '=', billerId);
      const rows = await Promise.all([...ofBiller, ofAccounts].map((query) => query.executeTakeFirstOrThrow()));
      return rows.map(({ count }) => count);
    };
    expect(await counts(biller.id)).toEqual([1, 1, 1, 1, 1, 1, 1]);

    await deleteBiller(store.db, biller.id);
    expect(await findBiller(store.db, biller.slug)).toBeUndefined();
    expect(await counts(biller.id)).toEqual([0, 0, 0, 0, 0, 1, 0]);
    expect(await counts(other.id)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  test('keeps nothing about a removed biller or user, except in the audit', async () => {
    const { rows } = await sql<{ table: string; column: string; onDelete: string | null }>`
      select a.attrelid::regclass::text as table, a.attname as column, c.confdeltype as on_delete
      from pg_attribute a
      join pg_class t on t.oid = a.attrelid and t.relkind = 'r' and t.relnamespace = 'public'::regnamespace
      left join pg_constraint c on c.conrelid = a.attrelid and c.contype = 'f' and c.conkey = array[a.attnum]
      where a.attname in ('biller_id', 'user_id')`.execute(store.db);
    expect(rows.length).toBeGreaterThanOrEqual(9);
    const kept = rows.filter((row) => row.onDelete !== 'c');
    expect(kept.map(({ table }) => table)).toEqual(['audit_events', 'audit_events']);
  });
});
