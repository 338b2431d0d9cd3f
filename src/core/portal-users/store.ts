import { type Selectable, sql } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { Account } from '../billers/claims.ts';
import type { PortalUsersTable, Source } from './schema.ts';

export type PortalUserRow = Selectable<PortalUsersTable>;
/** A portal user of the embedded directory. */
export type DirectoryUserRow = PortalUserRow & { readonly passwordHash: string };

/** Emails are looked up case-insensitively. */
export const emailKeyOf = (email: string): string => email.trim().toLowerCase();

/** @returns the portal user of the directory; `version` changes with every change of them or their accounts (xmin, see updateUser) */
export async function findUser(
  db: Db,
  billerId: string,
  email: string,
): Promise<(DirectoryUserRow & { readonly version: string }) | undefined> {
  const emailKey = emailKeyOf(email);
  // No email contains U+0000, and PostgreSQL refuses to search for it.
  if (/\p{Cc}/u.test(emailKey)) return undefined;
  return db
    .selectFrom('portalUsers')
    .selectAll()
    .select(sql<string>`xmin::text`.as('version'))
    .where('billerId', '=', billerId)
    .where('emailKey', '=', emailKey)
    .$narrowType<{ passwordHash: string }>()
    .executeTakeFirst();
}

/**
 * Reads a portal user in a transaction that will change them, and locks them until it ends. Whoever changes what belongs to
 * a portal user locks them first, so that two changes never wait for each other.
 */
export async function lockUser(transaction: Transaction, id: string): Promise<PortalUserRow | undefined> {
  return transaction.selectFrom('portalUsers').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** @returns whether the error is the database's answer that another portal user of the biller has the email address */
export function isEmailTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && constraint === 'portal_users_email';
}

/**
 * Locks a portal user who can sign on against being disabled or removed until the transaction ends.
 *
 * @returns false if they are disabled or were removed
 */
export async function lockEnabledUser(transaction: Transaction, id: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('portalUsers')
    .select('id')
    .where('id', '=', id)
    .where('disabled', '=', false)
    .forShare()
    .executeTakeFirst();
  return row !== undefined;
}

/** Which portal users of a biller; all given must match. */
export interface UserFilter {
  readonly ids?: readonly string[] | undefined;
  readonly externalId?: string | undefined;
  readonly source?: Source | undefined;
}

export async function listUsers(
  db: Db,
  billerId: string,
  { ids, externalId, source }: UserFilter,
  limit: number,
): Promise<PortalUserRow[]> {
  let query = db.selectFrom('portalUsers').selectAll().where('billerId', '=', billerId);
  if (ids !== undefined) query = query.where(sql<boolean>`id = any(${ids}::uuid[])`);
  if (externalId !== undefined) query = query.where('externalId', '=', externalId);
  if (source !== undefined) query = query.where('source', '=', source);
  return query.orderBy(sql`lower(email)`).orderBy('source').orderBy('externalId').limit(limit).execute();
}

/** @returns the IDs of everybody at the biller who has this email address, or of whom their source says so */
export async function findUsersWithEmail(db: Db, billerId: string, email: string): Promise<string[]> {
  const inDirectory = await findUser(db, billerId, email);
  const elsewhere = await db
    .selectFrom('portalUsers')
    .select('id')
    .where('billerId', '=', billerId)
    .where('source', '<>', 'directory')
    .where(sql<boolean>`lower(email) = lower(${email})`)
    .execute();
  return [...(inDirectory === undefined ? [] : [inDirectory]), ...elsewhere].map(({ id }) => id);
}

export async function accountsOf(db: Db, userId: string): Promise<Account[]> {
  return db
    .selectFrom('accounts')
    .select(['number', 'role'])
    .where('userId', '=', userId)
    .orderBy('position')
    .orderBy('number')
    .execute();
}

/** @returns the accounts of several portal users, by user ID; nothing for who has none */
export async function accountsOfAll(db: Db, userIds: readonly string[]): Promise<Map<string, Account[]>> {
  if (userIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('accounts')
    .select(['userId', 'number', 'role'])
    .where(sql<boolean>`user_id = any(${userIds}::uuid[])`)
    .orderBy('userId')
    .orderBy('position')
    .orderBy('number')
    .execute();
  const byUser = Map.groupBy(rows, ({ userId }) => userId);
  return new Map([...byUser].map(([userId, all]) => [userId, all.map(({ number, role }) => ({ number, role }))]));
}

/** Adds a portal user of the directory with accounts. @returns the user's ID */
export async function insertUser(
  transaction: Transaction,
  user: { billerId: string; email: string; passwordHash: string },
  userAccounts: readonly Account[],
): Promise<string> {
  const { id } = await transaction
    .insertInto('portalUsers')
    .values({ ...user, externalId: null, emailKey: emailKeyOf(user.email) })
    .returning('id')
    .executeTakeFirstOrThrow();
  await insertAccounts(transaction, [{ userId: id, accounts: userAccounts }]);
  return id;
}

/** Gives portal users their accounts, in this order. */
export async function insertAccounts(
  transaction: Transaction,
  users: readonly { readonly userId: string; readonly accounts: readonly Account[] }[],
): Promise<void> {
  const all = users.flatMap(({ userId, accounts }) =>
    accounts.map(({ number, role }, position) => ({ userId, number, role, position })),
  );
  if (all.length === 0) return;
  // As arrays: a statement has at most 65,535 parameters.
  await sql`insert into accounts (user_id, number, role, position)
    select * from unnest(${all.map(({ userId }) => userId)}::uuid[], ${all.map(({ number }) => number)}::text[],
      ${all.map(({ role }) => role)}::text[], ${all.map(({ position }) => position)}::int[])`.execute(transaction);
}

export async function deleteAccountsOf(transaction: Transaction, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return;
  await transaction.deleteFrom('accounts').where(sql<boolean>`user_id = any(${userIds}::uuid[])`).execute();
}

/** An email is a key in the directory only. */
const keyInDirectory = (email: string) =>
  sql<string | null>`case when source = 'directory' then ${emailKeyOf(email)}::text end`;

/**
 * Changes a portal user; if accounts are given, they replace the existing ones. The user's row is written in any case, so
 * that its version (xmin) also says whether the accounts are the same.
 */
export async function updateUser(
  transaction: Transaction,
  id: string,
  changes: Partial<Pick<PortalUserRow, 'email' | 'passwordHash' | 'disabled'>>,
  userAccounts: readonly Account[] | undefined,
): Promise<void> {
  await transaction
    .updateTable('portalUsers')
    .set(({ ref }) => ({
      email: ref('email'),
      ...changes,
      ...(changes.email === undefined ? {} : { emailKey: keyInDirectory(changes.email) }),
    }))
    .where('id', '=', id)
    .execute();
  if (userAccounts === undefined) return;
  await deleteAccountsOf(transaction, [id]);
  await insertAccounts(transaction, [{ userId: id, accounts: userAccounts }]);
}

/** @returns false if there was none */
export async function deleteUser(db: Db, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('portalUsers').where('id', '=', id).executeTakeFirst();
  return numDeletedRows > 0n;
}
