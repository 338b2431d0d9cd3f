import { isDeepStrictEqual } from 'node:util';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { Account } from '../billers/claims.ts';
import type { Source } from './schema.ts';
import { accountsOf, insertAccounts, type PortalUserRow, updateUser } from './store.ts';

/** What a source other than the directory says of a portal user. */
interface VouchedUser {
  readonly billerId: string;
  readonly source: Exclude<Source, 'directory'>;
  /** Who they are at the source; compared character by character. */
  readonly externalId: string;
  readonly email: string;
  readonly accounts: readonly Account[];
}

type Identity = Pick<VouchedUser, 'billerId' | 'source' | 'externalId'>;

/** What the source's word changed: nothing, if it has said the same before. */
export interface VouchedChange {
  readonly userId: string;
  readonly kind: 'added' | 'updated' | 'none';
  readonly changed: readonly ('email' | 'accounts')[];
}

const select = (db: Db, { billerId, source, externalId }: Identity) =>
  db
    .selectFrom('portalUsers')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('source', '=', source)
    .where('externalId', '=', externalId);

export async function findVouchedUser(db: Db, identity: Identity): Promise<PortalUserRow | undefined> {
  return select(db, identity).executeTakeFirst();
}

/**
 * Takes down what a source says: email and accounts replace what it said before. A person whom another source vouches
 * for is somebody else, also with the same email. The row is locked until the end of the transaction.
 */
export async function putVouchedUser(transaction: Transaction, user: VouchedUser): Promise<VouchedChange> {
  const { accounts, ...row } = user;
  const added = await transaction
    .insertInto('portalUsers')
    .values({ ...row, emailKey: null, passwordHash: null })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (added !== undefined) {
    await insertAccounts(transaction, added.id, accounts);
    return { userId: added.id, kind: 'added', changed: ['email', 'accounts'] };
  }
  const known = await select(transaction, user).forUpdate().executeTakeFirst();
  // Removed in between.
  if (known === undefined) return putVouchedUser(transaction, user);
  const isSame = isDeepStrictEqual(await accountsOf(transaction, known.id), accounts);
  const changed = [...(known.email === user.email ? [] : ['email' as const]), ...(isSame ? [] : ['accounts' as const])];
  if (changed.length === 0) return { userId: known.id, kind: 'none', changed };
  await updateUser(transaction, known.id, { email: user.email }, isSame ? undefined : accounts);
  return { userId: known.id, kind: 'updated', changed };
}
