import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { earlierAppendsEnded } from '../../../src/core/audit/earlier-appends.ts';
import { type Fence, OutdatedState } from '../../../src/core/audit/fence.ts';
import type { AuditWriter } from '../../../src/core/audit/writer.ts';
import { deleteBiller, findBiller, insertBiller, updateBiller } from '../../../src/core/billers/store.ts';
import { insertKey } from '../../../src/core/keys/store.ts';
import { deleteUser, insertUser, updateUser } from '../../../src/core/portal-users/store.ts';
import { createFindSession, deleteSession, insertSession, touchSession } from '../../../src/core/sessions/store.ts';
import type { Database, Db } from '../../../src/platform/database/database.ts';
import type { IdpError } from '../../../src/platform/errors/idp-error.ts';
import { layCable } from '../../support/postgres/cable.ts';
import { newBillerRow, newKeyRow } from '../../support/postgres/rows.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';

let storage: TestStorage;
let connection: TestConnection;
let database: Database;
let db: Db;
let audit: AuditWriter;
beforeAll(async () => {
  storage = await createTestStorage();
  connection = await storage.open();
  database = connection.database;
  db = database.db;
  audit = connection.services.audit;
});
afterAll(async () => {
  await connection.close();
  await storage.remove();
});

interface Ready {
  readonly billerId: string;
  readonly slug: string;
  readonly keyId: string;
  readonly userId: string;
  readonly idHash: Buffer;
  readonly fence: Fence;
}

/** A biller with a key and a session, as an instance reads them for a sign-on. */
async function ready(): Promise<Ready> {
  const biller = newBillerRow();
  await insertBiller(db, biller);
  const key = newKeyRow(biller.id, 'active');
  await insertKey(db, key);
  const user = { billerId: biller.id, email: 'pat@example.com', passwordHash: 'x' };
  const userId = await database.transaction((transaction) =>
    insertUser(transaction, user, [{ number: '101Invoice', role: 'owner' }]),
  );
  const asChecked = { passwordHash: 'x', emailKey: 'pat@example.com' };
  const idHash = randomBytes(32);
  const now = Date.now();
  const times = { authenticatedAt: new Date(now), lastSeenAt: new Date(now), expiresAt: new Date(now + 3600_000) };
  await insertSession(db, { idHash, billerId: biller.id, userId, sessionIndex: '_index', ...times }, asChecked);
  const row = await findBiller(db, biller.slug);
  const session = await createFindSession(database)(idHash, biller.id);
  const fence = {
    billerVersion: row?.version ?? '',
    key: key.fingerprint,
    session: { idHash, userVersion: session?.user_version ?? '' },
  };
  return { billerId: biller.id, slug: biller.slug, keyId: key.id, userId, idHash, fence };
}

function issue(
  { billerId, userId, fence }: Ready,
  requestId = `_${crypto.randomUUID()}`,
  writer = audit,
): Promise<boolean> {
  const details = { acs: 'https://sp.example/acs', nameIdFormat: 'emailAddress', signed: 'both', beganBy: 'password' };
  const assertionId = `_${crypto.randomUUID()}`;
  const event = {
    event: 'assertion.issued',
    reference: 'R',
    billerId,
    userId,
    requestId,
    assertionId,
    details,
  } as const;
  return writer.append(event, fence);
}
const rowsOf = async ({ billerId }: Ready) =>
  (await db.selectFrom('auditEvents').select('id').where('billerId', '=', billerId).execute()).length;

const outdating: Record<string, (is: Ready) => Promise<unknown>> = {
  'the key was revoked': ({ keyId }) =>
    db.updateTable('signingKeys').set({ state: 'revoked', sealedPrivateKey: null }).where('id', '=', keyId).execute(),
  'another key is active': async ({ billerId, keyId }) => {
    await db.updateTable('signingKeys').set({ state: 'retiring' }).where('id', '=', keyId).execute();
    await insertKey(db, newKeyRow(billerId, 'active'));
  },
  'the key is on hold': ({ keyId }) =>
    db
      .updateTable('signingKeys')
      .set({ holdUntil: sql`now() + interval '1 minute'` })
      .where('id', '=', keyId)
      .execute(),
  'the biller was changed': ({ billerId }) => updateBiller(db, billerId, { name: 'Riverton Gas' }, new Date()),
  'the biller was removed': ({ billerId }) => deleteBiller(db, billerId),
  'the session was ended': ({ idHash }) => deleteSession(db, idHash),
  'the session has expired': ({ idHash }) =>
    db
      .updateTable('sessions')
      .set({ expiresAt: new Date(0) })
      .where('idHash', '=', idHash)
      .execute(),
  'the portal user was disabled': ({ userId }) =>
    database.transaction((transaction) => updateUser(transaction, userId, { disabled: true }, undefined)),
  'the password was changed': ({ userId }) =>
    database.transaction((transaction) => updateUser(transaction, userId, { passwordHash: 'y' }, undefined)),
  'the accounts were changed': ({ userId }) =>
    database.transaction((transaction) => updateUser(transaction, userId, {}, [{ number: '202', role: 'owner' }])),
  'the portal user was removed': ({ userId }) => deleteUser(db, userId),
};

test.for(Object.keys(outdating))('no assertion is committed once %s', async (change) => {
  const is = await ready();
  expect(await issue(is)).toBe(true);
  await outdating[change]?.(is);
  await expect(issue(is)).rejects.toThrow(OutdatedState);
  expect(await rowsOf(is)).toBe(1);
});

test('a session that is used, and a hold that is over, are no change', async () => {
  const is = await ready();
  await touchSession(db, is.idHash, new Date());
  await db
    .updateTable('signingKeys')
    .set({ holdUntil: sql`now() - interval '1 second'` })
    .where('id', '=', is.keyId)
    .execute();
  expect(await issue(is)).toBe(true);
});

test('an outdated row fails no other of its batch, and is no replay', async () => {
  const [good, stale] = [await ready(), await ready()];
  expect(await issue(good, '_answered')).toBe(true);
  await updateBiller(db, stale.billerId, { name: 'Riverton Gas' }, new Date());
  const other = { event: 'sign_in.failed', reference: 'R', details: { reason: 'unknown_user' } } as const;
  // The first goes alone; the others wait for it, and go together.
  const together = [
    issue(good),
    issue(good),
    issue(stale),
    issue(good, '_answered'),
    audit.append(other),
    issue(stale),
  ];
  const settled = await Promise.allSettled(together);
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.name))).toEqual([
    true,
    true,
    'OutdatedState',
    false,
    true,
    'OutdatedState',
  ]);
  expect(await rowsOf(stale)).toBe(0);
});

test('a change waits for the assertions that were being committed when it was made, and for no later ones', async () => {
  const other = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
  await other.connect();
  try {
    await other.query(`begin; insert into audit_events (at, event, reference) values (now(), 'user.added', 'R')`);
    let ended = false;
    const waiting = earlierAppendsEnded(database).then(() => {
      ended = true;
    });
    await audit.append({ event: 'sign_in.failed', reference: 'R', details: { reason: 'unknown_user' } });
    expect(ended).toBe(false);
    await other.query('commit');
    await waiting;
    await earlierAppendsEnded(database);
  } finally {
    await other.end();
  }
});

/** The answer to an INSERT arrives this late: longer than what it says can be relied on. */
const LATE_MS = 1_200;

test('an answer that comes late is relied on only if nothing has changed since', async () => {
  const cable = await layCable(storage.environment.DATABASE_URL ?? '');
  const far = await storage.open(cable.url);
  const late = async (change: (is: Ready) => Promise<unknown>) => {
    const is = await ready();
    cable.stall('answers');
    const outcome = issue(is, undefined, far.services.audit).catch((error: IdpError) => error.code);
    await vi.waitUntil(async () => (await rowsOf(is)) === 1);
    await change(is);
    await setTimeout(LATE_MS);
    cable.resume();
    return outcome;
  };
  try {
    // Connects.
    await issue(await ready(), undefined, far.services.audit);
    expect(await late(async () => undefined)).toBe(true);
    const revoke = outdating['the key was revoked'];
    expect(await late(async (is) => revoke?.(is))).toBe('service_unavailable');
    // A check without an event, for an error Response, is made once.
    const { billerId, fence } = await ready();
    const check = () => far.services.audit.check(billerId, { billerVersion: fence.billerVersion, key: fence.key });
    await check();
    cable.stall('answers');
    const checked = check().catch((error: IdpError) => error.code);
    await cable.holds();
    await setTimeout(LATE_MS);
    cable.resume();
    expect(await checked).toBe('service_unavailable');
  } finally {
    cable.resume();
    await far.close();
    await cable.cut();
  }
});
