import { hash, randomBytes } from 'node:crypto';
import type { Db, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';

/** A one-time link to set a new password, as it is kept: its token only as a hash. */
interface PasswordLink {
  readonly userId: string;
  readonly email: string;
  readonly disabled: boolean;
  readonly expiresAt: Date;
}

const TOKEN = /^[\w-]{43}$/;
const hashToken = (token: string) => hash('sha256', token, 'buffer');

/** Makes a link in place of any earlier one of the portal user. @returns its token: 256 bits, base64url */
export async function makePasswordLink(
  transaction: Transaction,
  userId: string,
  times: { readonly createdAt: Date; readonly expiresAt: Date },
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const link = { tokenHash: hashToken(token), ...times };
  await transaction
    .insertInto('passwordLinks')
    .values({ userId, ...link })
    .onConflict((conflict) => conflict.column('userId').doUpdateSet(link))
    .execute();
  return token;
}

/** @returns the link with this token of a portal user of this biller, even if it has expired */
export async function findPasswordLink(db: Db, billerId: string, token: string): Promise<PasswordLink | undefined> {
  if (!TOKEN.test(token)) return undefined;
  return db
    .selectFrom('passwordLinks')
    .innerJoin('portalUsers', 'portalUsers.id', 'passwordLinks.userId')
    .select(['userId', 'email', 'disabled', 'expiresAt'])
    .where('tokenHash', '=', hashToken(token))
    .where('billerId', '=', billerId)
    .executeTakeFirst();
}

/** Uses a link up. Of several at the same time only one gets true. */
export async function takePasswordLink(transaction: Transaction, token: string, now: Date): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom('passwordLinks')
    .where('tokenHash', '=', hashToken(token))
    .where('expiresAt', '>', now)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** A link that was sent to a person must not outlive a change that shuts them out, or that they don't know of. */
export async function withdrawPasswordLink(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('passwordLinks').where('userId', '=', userId).execute();
}

export async function deleteExpiredPasswordLinks(db: Db, now: Date): Promise<void> {
  const expired = db.selectFrom('passwordLinks').select('userId').where('expiresAt', '<', now);
  await deleteInBatches((most) =>
    db.deleteFrom('passwordLinks').where('userId', 'in', expired.limit(most)).executeTakeFirst(),
  );
}
