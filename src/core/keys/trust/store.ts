import { sql } from 'kysely';
import type { Db, Transaction } from '../../../platform/database/database.ts';
import type { SigningKeyRow } from '../store.ts';

/** What the Service Provider did with a sign-on that a key signed, as far as an operator has said. */
export const TRUST_CHOICES = ['accepted', 'refused'] as const;
export type Trust = (typeof TRUST_CHOICES)[number];

/** Reads a key in a transaction that will change it, and locks it until that ends. */
export function lockKey(transaction: Transaction, keyId: string): Promise<SigningKeyRow | undefined> {
  return transaction.selectFrom('signingKeys').selectAll().where('id', '=', keyId).forUpdate().executeTakeFirst();
}

/**
 * Makes a staged key sign for one portal user, if it signs for no one yet (compare-and-swap). What was known about it
 * before counts no more.
 *
 * @returns false if it signs for someone already, or is not staged any more
 */
export async function startCanary(db: Db, keyId: string, userId: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('signingKeys')
    .set({ canaryUserId: userId, canarySince: now, trust: null, trustAt: null })
    .where('id', '=', keyId)
    .where('state', '=', 'staged')
    .where('canaryUserId', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Makes a key sign for nobody in particular. */
export async function endCanary(db: Db, keyId: string): Promise<void> {
  await db.updateTable('signingKeys').set({ canaryUserId: null, canarySince: null }).where('id', '=', keyId).execute();
}

/** @returns the keys that sign for one of these portal users as their canary, locked until the transaction ends */
export function lockKeysOfCanaries(transaction: Transaction, userIds: readonly string[]): Promise<SigningKeyRow[]> {
  return transaction
    .selectFrom('signingKeys')
    .selectAll()
    .where(sql<boolean>`canary_user_id = any(${userIds}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** Notes what the Service Provider did with a sign-on that the key signed. */
export async function setTrust(db: Db, keyId: string, trust: Trust, now: Date): Promise<void> {
  await db.updateTable('signingKeys').set({ trust, trustAt: now }).where('id', '=', keyId).execute();
}
