import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { Account } from '../billers/claims.ts';
import type { Source } from './schema.ts';
import { accountsOfAll, deleteAccountsOf, insertAccounts, type PortalUserRow } from './store.ts';

/** A source other than the directory, at one biller. */
export interface VouchingSource {
  readonly billerId: string;
  readonly source: Exclude<Source, 'directory'>;
}

/** What such a source says of a portal user. */
export interface VouchedUser {
  /** Who they are at the source; compared character by character. */
  readonly externalId: string;
  readonly email: string;
  readonly accounts: readonly Account[];
}

type Changed = readonly ('email' | 'accounts')[];

/** What the source's word changed: nothing, if it has said the same before. */
export interface VouchedChange {
  readonly userId: string;
  readonly kind: 'added' | 'updated' | 'none';
  readonly changed: Changed;
}

const select = (db: Db, { billerId, source }: VouchingSource, externalIds: readonly string[]) =>
  db
    .selectFrom('portalUsers')
    .selectAll()
    .$narrowType<{ externalId: string }>()
    .where('billerId', '=', billerId)
    .where('source', '=', source)
    .where(sql<boolean>`external_id = any(${externalIds}::text[])`)
    .orderBy('externalId');

export async function findVouchedUser(
  db: Db,
  by: VouchingSource,
  externalId: string,
): Promise<PortalUserRow | undefined> {
  return select(db, by, [externalId]).executeTakeFirst();
}

const changedIn = (known: PortalUserRow, accounts: readonly Account[], said: VouchedUser): Changed => [
  ...(known.email === said.email ? [] : ['email' as const]),
  ...(isDeepStrictEqual(accounts, said.accounts) ? [] : ['accounts' as const]),
];

/** Compares the users with what they are said to be. @returns a change for each of those that are known, by external ID */
async function compare(
  db: Db,
  known: readonly (PortalUserRow & { readonly externalId: string })[],
  users: readonly VouchedUser[],
): Promise<Map<string, VouchedChange>> {
  const said = new Map(users.map((user) => [user.externalId, user]));
  const accounts = await accountsOfAll(
    db,
    known.map(({ id }) => id),
  );
  return new Map(
    known.flatMap((row) => {
      const user = said.get(row.externalId);
      if (user === undefined) return [];
      const changed = changedIn(row, accounts.get(row.id) ?? [], user);
      return [[row.externalId, { userId: row.id, kind: changed.length === 0 ? 'none' : 'updated', changed }] as const];
    }),
  );
}

/** @returns what putVouchedUsers would change, without a user ID for who would be added. Changes nothing. */
export async function compareVouchedUsers(
  db: Db,
  by: VouchingSource,
  users: readonly VouchedUser[],
): Promise<Omit<VouchedChange, 'userId'>[]> {
  const ids = users.map(({ externalId }) => externalId);
  const known = await compare(db, await select(db, by, ids).execute(), users);
  return users.map(({ externalId }) => known.get(externalId) ?? { kind: 'added', changed: ['email', 'accounts'] });
}

/** @returns the IDs of those who were not there yet, by external ID */
async function insertUnknown(transaction: Transaction, by: VouchingSource, users: readonly VouchedUser[]) {
  const inserted = await transaction
    .insertInto('portalUsers')
    .values(users.map(({ externalId, email }) => ({ ...by, externalId, email, emailKey: null, passwordHash: null })))
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'externalId'])
    .execute();
  return new Map(inserted.map(({ id, externalId }) => [externalId ?? '', id]));
}

/**
 * Takes down what a source says: email and accounts replace what it said before. A person whom another source vouches
 * for is somebody else, also with the same email. The rows of all of them are locked until the end of the transaction.
 *
 * @param users at most some 1,000, each once
 * @returns what changed, in the order of the users
 */
export async function putVouchedUsers(
  transaction: Transaction,
  by: VouchingSource,
  users: readonly VouchedUser[],
): Promise<VouchedChange[]> {
  const changes = new Map<string, VouchedChange>();
  // In one order, so that two that put the same users never wait for each other.
  let left = users.toSorted((one, other) => (one.externalId < other.externalId ? -1 : 1));
  const isLeft = ({ externalId }: VouchedUser) => !changes.has(externalId);
  // Most are known. Once more for those who were added or removed in between.
  while (left.length > 0) {
    const wanted = left.map(({ externalId }) => externalId);
    const known = await select(transaction, by, wanted).forUpdate().execute();
    for (const [externalId, change] of await compare(transaction, known, left)) changes.set(externalId, change);
    left = left.filter(isLeft);
    if (left.length === 0) break;
    for (const [externalId, userId] of await insertUnknown(transaction, by, left)) {
      changes.set(externalId, { userId, kind: 'added', changed: ['email', 'accounts'] });
    }
    left = left.filter(isLeft);
  }
  const all = users.map((user) => ({ ...user, ...(changes.get(user.externalId) as VouchedChange) }));
  await updateEmails(
    transaction,
    all.filter(({ kind }) => kind === 'updated'),
  );
  const given = all.filter(({ changed }) => changed.includes('accounts'));
  const replaced = given.flatMap(({ kind, userId }) => (kind === 'updated' ? [userId] : []));
  await deleteAccountsOf(transaction, replaced);
  await insertAccounts(transaction, given);
  return all.map(({ userId, kind, changed }) => ({ userId, kind, changed }));
}

/** Writes every row, also with the same email: its version (xmin) says whether the accounts are the same (updateUser). */
async function updateEmails(transaction: Transaction, users: readonly { userId: string; email: string }[]) {
  if (users.length === 0) return;
  const [ids, emails] = [users.map(({ userId }) => userId), users.map(({ email }) => email)];
  await sql`update portal_users set email = said.email
    from unnest(${ids}::uuid[], ${emails}::text[]) as said (id, email) where portal_users.id = said.id`.execute(
    transaction,
  );
}

/** Locks portal users until the end of the transaction. @returns the IDs of those who are there */
export async function lockVouchedUsers(transaction: Transaction, by: VouchingSource, externalIds: readonly string[]) {
  return (await select(transaction, by, externalIds).forUpdate().execute()).map(({ id }) => id);
}

/** Removes portal users with all that is theirs. @returns those who were there */
export async function deleteVouchedUsers(
  transaction: Transaction,
  { billerId, source }: VouchingSource,
  externalIds: readonly string[],
): Promise<{ readonly id: string; readonly email: string }[]> {
  return transaction
    .deleteFrom('portalUsers')
    .where('billerId', '=', billerId)
    .where('source', '=', source)
    .where(sql<boolean>`external_id = any(${externalIds}::text[])`)
    .returning(['id', 'email'])
    .execute();
}
