import { and, asc, eq, inArray, isNotNull } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { billers, keyRequests, signingKeys } from '../../platform/database/schema.ts';
import { cancelDestruction } from './hsm/destruction.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

/** The states in which a certificate is published. */
const PUBLISHED: KeyState[] = ['active', 'staged', 'retiring'];

/** Inserts a key as given, in the caller's transaction if there is one. */
export async function insertKey(db: Db, key: typeof signingKeys.$inferInsert): Promise<void> {
  await db.insert(signingKeys).values(key);
  // It was scheduled for destruction in case this row was never stored.
  if (key.moduleLabel) await cancelDestruction(db, key.moduleLabel);
}

/** A biller's keys with published certificates: the active one first, then by age. */
export async function publishedKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  const rows = await db
    .select()
    .from(signingKeys)
    .where(and(eq(signingKeys.billerId, billerId), inArray(signingKeys.state, PUBLISHED)))
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
  return rows.sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active'));
}

/** All keys, of one biller or of all, without private keys. */
export async function listKeys(db: Db, billerId?: string) {
  return db
    .select({
      id: signingKeys.id,
      billerId: signingKeys.billerId,
      biller: billers.slug,
      state: signingKeys.state,
      keyType: signingKeys.keyType,
      fingerprint: signingKeys.fingerprint,
      moduleLabel: signingKeys.moduleLabel,
      notBefore: signingKeys.notBefore,
      notAfter: signingKeys.notAfter,
      createdAt: signingKeys.createdAt,
      activatedAt: signingKeys.activatedAt,
      stateSince: signingKeys.stateSince,
    })
    .from(signingKeys)
    .innerJoin(billers, eq(billers.id, signingKeys.billerId))
    .where(billerId === undefined ? undefined : eq(signingKeys.billerId, billerId))
    .orderBy(asc(billers.slug), asc(signingKeys.createdAt));
}

/** All keys with private keys in the HSM, with their certificates (DER in base64). */
export async function keysInModule(db: Db) {
  const { state, moduleLabel: label, certificate } = signingKeys;
  return db
    .select({ biller: billers.slug, state, label, certificate })
    .from(signingKeys)
    .innerJoin(billers, eq(billers.id, signingKeys.billerId))
    .where(isNotNull(signingKeys.moduleLabel))
    .orderBy(asc(billers.slug), asc(signingKeys.createdAt));
}

/** A biller's key in a given state. */
export async function keyInState(db: Db, billerId: string, state: KeyState): Promise<SigningKeyRow | undefined> {
  return (
    await db
      .select()
      .from(signingKeys)
      .where(and(eq(signingKeys.billerId, billerId), eq(signingKeys.state, state)))
  )[0];
}

/** One key, in any state. */
export async function keyById(db: Db, id: string): Promise<SigningKeyRow | undefined> {
  return (await db.select().from(signingKeys).where(eq(signingKeys.id, id)))[0];
}

/** A biller's keys, in all states. */
export async function findKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).where(eq(signingKeys.billerId, billerId)).orderBy(asc(signingKeys.createdAt));
}

/** Columns that change along with the state. */
type StateChange = Pick<typeof signingKeys.$inferInsert, 'state'> &
  Partial<Pick<typeof signingKeys.$inferInsert, 'activatedAt' | 'sealedPrivateKey' | 'moduleLabel' | 'holdUntil'>>;

/**
 * Moves a key from one state to another if it still is in the first (compare-and-swap).
 *
 * @returns false if someone else was faster
 */
export async function moveKey(db: Db, keyId: string, from: KeyState, change: StateChange, now: Date): Promise<boolean> {
  const rows = await db
    .update(signingKeys)
    .set({ ...change, stateSince: now })
    .where(and(eq(signingKeys.id, keyId), eq(signingKeys.state, from)))
    .returning({ id: signingKeys.id });
  return rows.length === 1;
}

/** Makes every instance pause signing for a biller until the given time. */
export async function holdKeys(db: Db, billerId: string, until: Date | null): Promise<void> {
  await db
    .update(signingKeys)
    .set({ holdUntil: until })
    .where(and(eq(signingKeys.billerId, billerId), eq(signingKeys.state, 'active')));
}

/** All billers with their active keys, if any: what the readiness check needs, in one round trip. */
export async function activeKeys(db: Db) {
  return db
    .select({
      billerId: billers.id,
      slug: billers.slug,
      settings: billers.settings,
      keyId: signingKeys.id,
      fingerprint: signingKeys.fingerprint,
      moduleLabel: signingKeys.moduleLabel,
      notBefore: signingKeys.notBefore,
      notAfter: signingKeys.notAfter,
    })
    .from(billers)
    .leftJoin(signingKeys, and(eq(signingKeys.billerId, billers.id), eq(signingKeys.state, 'active')))
    .orderBy(asc(billers.slug));
}

type KeyRequestRow = typeof keyRequests.$inferSelect;

/** Stores a certificate request, replacing the biller's last one. */
export async function replaceKeyRequest(db: Db, request: KeyRequestRow): Promise<void> {
  await db.transaction(async (transaction) => {
    await deleteKeyRequest(transaction, request.billerId);
    await transaction.insert(keyRequests).values(request);
  });
}

export async function findKeyRequest(db: Db, billerId: string): Promise<KeyRequestRow | undefined> {
  return (await db.select().from(keyRequests).where(eq(keyRequests.billerId, billerId)))[0];
}

export async function deleteKeyRequest(db: Db, billerId: string): Promise<void> {
  await db.delete(keyRequests).where(eq(keyRequests.billerId, billerId));
}
