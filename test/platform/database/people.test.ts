import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  accountsOf,
  deleteUser,
  findUser,
  insertUser,
  listUsers,
  updateUser,
} from '../../../src/core/portal-users/store.ts';
import {
  createFindSession,
  deleteExpiredSessions,
  deleteSessions,
  deleteSessionsOfUser,
  type FindSession,
  insertSession,
  setLaunchedAccounts,
  touchSession,
} from '../../../src/core/sessions/store.ts';
import { useTestStorage } from '../../support/postgres/use-storage.ts';

const PASSWORD_HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA';
const at = (text: string) => new Date(`2026-03-01T${text}Z`);

const AS_CHECKED = { passwordHash: PASSWORD_HASH, emailKey: 'ada.lovelace@example.com' };

describe('the stores of portal users and sessions', () => {
  const store = useTestStorage();
  const { addBiller } = store;
  let findSession: FindSession;

  beforeAll(() => {
    findSession = createFindSession(store.connection.database);
  });

  async function addSession() {
    const biller = await addBiller();
    const email = 'Ada.Lovelace@Example.COM';
    const accounts = [
      { number: '202Invoice', role: 'co-owner' },
      { number: '101Invoice', role: 'owner' },
    ];
    const userId = await store.connection.database.transaction((transaction) =>
      insertUser(transaction, { billerId: biller.id, email, passwordHash: PASSWORD_HASH }, accounts),
    );
    const session = {
      idHash: randomBytes(32),
      billerId: biller.id,
      userId,
      sessionIndex: '_index',
      authenticatedAt: at('08:00:00.123'),
      lastSeenAt: at('08:00:00.123'),
      expiresAt: at('16:00:00.000'),
    };
    expect(await insertSession(store.db, session, AS_CHECKED)).toBe(true);
    return { biller, email, accounts, userId, session };
  }

  test('finds a portal user by email in any case, only at their own biller', async () => {
    const { biller, email, userId } = await addSession();
    const other = await addBiller();
    const user = await findUser(store.db, biller.id, ' ada.lovelace@EXAMPLE.com ');
    expect(user).toMatchObject({ id: userId, billerId: biller.id, email, passwordHash: PASSWORD_HASH });
    expect(user?.disabled).toBe(false);
    expect(await findUser(store.db, other.id, email)).toBeUndefined();
    expect([user]).toMatchObject(await listUsers(store.db, biller.id, {}, 100));
    expect(await listUsers(store.db, other.id, {}, 100)).toEqual([]);
  });

  test('accounts keep their order, are replaced as a whole, and are removed with their user', async () => {
    const { userId, accounts, biller, email } = await addSession();
    expect(await accountsOf(store.db, userId)).toEqual(accounts);
    const replaced = [{ number: '303 / ÄÖÜ', role: 'owner' }];
    await store.connection.database.transaction((transaction) =>
      updateUser(transaction, userId, { disabled: true }, replaced),
    );
    expect(await accountsOf(store.db, userId)).toEqual(replaced);
    expect((await findUser(store.db, biller.id, email))?.disabled).toBe(true);
    await store.connection.database.transaction((transaction) =>
      updateUser(transaction, userId, { passwordHash: 'other' }, undefined),
    );
    expect(await accountsOf(store.db, userId)).toEqual(replaced);
    expect((await findUser(store.db, biller.id, email))?.passwordHash).toBe('other');
    await deleteUser(store.db, userId);
    expect(await accountsOf(store.db, userId)).toEqual([]);
  });

  test('adds or changes a user with all accounts or not at all', async () => {
    const { biller, userId, accounts } = await addSession();
    const twice = [
      { number: '1', role: 'owner' },
      { number: '1', role: 'owner' },
    ];
    const user = { billerId: biller.id, email: 'grace@example.com', passwordHash: PASSWORD_HASH };
    await expect(
      store.connection.database.transaction((transaction) => insertUser(transaction, user, twice)),
    ).rejects.toThrow();
    expect(await findUser(store.db, biller.id, user.email)).toBeUndefined();
    await expect(
      store.connection.database.transaction((transaction) =>
        updateUser(transaction, userId, { disabled: true }, twice),
      ),
    ).rejects.toThrow();
    expect(await accountsOf(store.db, userId)).toEqual(accounts);
    expect((await findUser(store.db, biller.id, 'ada.lovelace@example.com'))?.disabled).toBe(false);
  });

  test('reads a session with its user and accounts in one row, with times to the millisecond', async () => {
    const { biller, email, userId, accounts, session } = await addSession();
    const row = {
      id_hash: session.idHash.toString('hex'),
      biller_id: biller.id,
      session_index: '_index',
      began_by: 'password',
      framed_account: null,
      proven_at: null,
      authn_context: null,
      authenticated_at: session.authenticatedAt.getTime(),
      last_seen_at: session.lastSeenAt.getTime(),
      expires_at: session.expiresAt.getTime(),
      launched_accounts: [],
      user_id: userId,
      email,
      disabled: false,
      accounts,
      user_version: expect.any(String),
    };
    expect(await findSession(session.idHash, biller.id)).toEqual(row);
    expect(await findSession(session.idHash, (await addBiller()).id)).toBeUndefined();

    const launched = [{ number: '101Invoice', at: 1_772_352_000_123 }];
    await touchSession(store.db, session.idHash, at('08:05:00.789'));
    await setLaunchedAccounts(store.db, session.idHash, launched);
    await store.connection.database.transaction((transaction) => updateUser(transaction, userId, {}, []));
    expect(await findSession(session.idHash, biller.id)).toEqual({
      ...row,
      last_seen_at: at('08:05:00.789').getTime(),
      launched_accounts: launched,
      accounts: [],
    });
  });

  test('ends sessions one by one, all of a user’s at once, and when they expire', async () => {
    const { biller, userId, session } = await addSession();
    const others = [randomBytes(32), randomBytes(32)] as const;
    const add = (idHash: Buffer, expiresAt = session.expiresAt) =>
      insertSession(store.db, { ...session, idHash, expiresAt }, AS_CHECKED);
    const live = async () => {
      const rows = await Promise.all([session.idHash, ...others].map((idHash) => findSession(idHash, biller.id)));
      return rows.map((row) => row !== undefined);
    };
    await add(others[0]);
    await add(others[1], at('08:30:00.000'));
    await deleteExpiredSessions(store.db, at('08:30:00.001'));
    expect(await live()).toEqual([true, true, false]);
    const ended = { idHash: others[0], userId, billerId: biller.id, beganBy: 'password', sealedIdToken: null };
    expect(await deleteSessions(store.db, [others[0]], (await addBiller()).id)).toEqual([]);
    expect(await deleteSessions(store.db, [others[0]], biller.id)).toEqual([ended]);
    expect(await deleteSessions(store.db, [others[0]])).toEqual([]);
    expect(await live()).toEqual([true, false, false]);
    await add(others[0]);
    await deleteSessionsOfUser(store.db, userId);
    expect(await live()).toEqual([false, false, false]);
  });

  test('begins no session of a portal user who was changed since the password was checked', async () => {
    const { userId, session } = await addSession();
    const later = { ...session, idHash: randomBytes(32) };
    const change = (changes: Parameters<typeof updateUser>[2]) =>
      store.connection.database.transaction(async (transaction) => {
        await updateUser(transaction, userId, changes, undefined);
        await deleteSessionsOfUser(transaction, userId);
      });
    await change({ passwordHash: 'another' });
    expect(await insertSession(store.db, later, AS_CHECKED)).toBe(false);
    await change({ passwordHash: PASSWORD_HASH, email: 'ada@example.org' });
    expect(await insertSession(store.db, later, AS_CHECKED)).toBe(false);
    await change({ email: 'Ada.Lovelace@example.com' });
    expect(await insertSession(store.db, later, AS_CHECKED)).toBe(true);
  });
});
