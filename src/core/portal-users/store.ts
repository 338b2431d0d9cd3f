import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { accounts, portalUsers } from '../../platform/database/schema.ts';
import type { Account } from '../billers/claims.ts';

export type PortalUserRow = typeof portalUsers.$inferSelect;

/** Emails are looked up case-insensitively. */
export const emailKeyOf = (email: string): string => email.trim().toLowerCase();

export async function findUser(db: Db, billerId: string, email: string): Promise<PortalUserRow | undefined> {
  const emailKey = emailKeyOf(email);
  // No email contains U+0000, and PostgreSQL refuses to search for it.
  if (/\p{Cc}/u.test(emailKey)) return undefined;
  const rows = await db
    .select()
    .from(portalUsers)
    .where(and(eq(portalUsers.billerId, billerId), eq(portalUsers.emailKey, emailKey)));
  return rows[0];
}

export async function listUsers(db: Db, billerId: string): Promise<PortalUserRow[]> {
  return db.select().from(portalUsers).where(eq(portalUsers.billerId, billerId)).orderBy(asc(portalUsers.emailKey));
}

export async function accountsOf(db: Db, userId: string): Promise<Account[]> {
  return db
    .select({ number: accounts.number, role: accounts.role })
    .from(accounts)
    .where(eq(accounts.userId, userId))
    .orderBy(asc(accounts.position), asc(accounts.number));
}

/** Adds a portal user with accounts in one transaction. @returns the user's ID */
export async function insertUser(
  db: Db,
  user: { billerId: string; email: string; passwordHash: string },
  userAccounts: readonly Account[],
): Promise<string> {
  return db.transaction(async (transaction) => {
    const [row] = await transaction
      .insert(portalUsers)
      .values({ ...user, emailKey: emailKeyOf(user.email) })
      .returning({ id: portalUsers.id });
    if (row === undefined) throw new Error('the database returned no id for the new user');
    await insertAccounts(transaction, row.id, userAccounts);
    return row.id;
  });
}

async function insertAccounts(db: Db, userId: string, userAccounts: readonly Account[]): Promise<void> {
  if (userAccounts.length === 0) return;
  await db.insert(accounts).values(userAccounts.map((account, position) => ({ ...account, userId, position })));
}

/** Changes a portal user; if accounts are given, they replace the existing ones. */
export async function updateUser(
  db: Db,
  id: string,
  changes: Partial<Pick<PortalUserRow, 'passwordHash' | 'disabled'>>,
  userAccounts: readonly Account[] | undefined,
): Promise<void> {
  await db.transaction(async (transaction) => {
    if (Object.keys(changes).length > 0) {
      await transaction.update(portalUsers).set(changes).where(eq(portalUsers.id, id));
    }
    if (userAccounts === undefined) return;
    await transaction.delete(accounts).where(eq(accounts.userId, id));
    await insertAccounts(transaction, id, userAccounts);
  });
}

export async function deleteUser(db: Db, id: string): Promise<void> {
  await db.delete(portalUsers).where(eq(portalUsers.id, id));
}
