import { and, asc, eq, inArray, isNotNull } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { billers, keyRequests, signingKeys } from '../../platform/database/schema.ts';
import { cancelDestruction } from './hsm/destruction.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

/** The states in which a certificate is published. */
const PUBLISHED: KeyState[] = ['active', 'staged', 'retiring'];

/** Adds a key as it is. Runs in the caller's transaction where one is given. */
export async function insertKey(db: Db, key: typeof signingKeys.$inferInsert): Promise<void> {
  await db.insert(signingKeys).values(key);
  // It was written down to be destroyed, in case this row is never stored.
  if (key.moduleLabel) await cancelDestruction(db, key.moduleLabel);
}

/** The keys of a biller whose certificates are published: the active one first, then by age. */
export async function publishedKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  const rows = await db
    .select()
    .from(signingKeys)
    .where(and(eq(signingKeys.billerId, billerId), inArray(signingKeys.state, PUBLISHED)))
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
  return rows.sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active'));
}

/** Every key, of one biller or of all, without its private part. */
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

/** Every key whose private part is in the hardware module, with its certificate (DER in base64). */
export async function keysInModule(db: Db) {
  const { state, moduleLabel: label, certificate } = signingKeys;
  return db
    .select({ biller: billers.slug, state, label, certificate })
    .from(signingKeys)
    .innerJoin(billers, eq(billers.id, signingKeys.billerId))
    .where(isNotNull(signingKeys.moduleLabel))
    .orderBy(asc(billers.slug), asc(signingKeys.createdAt));
}

/** One key of a biller by its state. */
export async function keyInState(db: Db, billerId: string, state: KeyState): Promise<SigningKeyRow | undefined> {
  return (
    await db
      .select()
      .from(signingKeys)
      .where(and(eq(signingKeys.billerId, billerId), eq(signingKeys.state, state)))
  )[0];
}

/** One key, whatever its state. */
export async function keyById(db: Db, id: string): Promise<SigningKeyRow | undefined> {
  return (await db.select().from(signingKeys).where(eq(signingKeys.id, id)))[0];
}

/** The keys of a biller, whatever their states. */
export async function findKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  return db.select().from(signingKeys).where(eq(signingKeys.billerId, billerId)).orderBy(asc(signingKeys.createdAt));
}

/** What a change of state brings with it. */
type StateChange = Pick<typeof signingKeys.$inferInsert, 'state'> &
  Partial<Pick<typeof signingKeys.$inferInsert, 'activatedAt' | 'sealedPrivateKey' | 'moduleLabel' | 'holdUntil'>>;

/**
 * Moves a key from one state to another, if it still is in the first (compare and swap).
 *
 * @returns false where somebody else was faster
 */
export async function moveKey(db: Db, keyId: string, from: KeyState, change: StateChange, now: Date): Promise<boolean> {
  const rows = await db
    .update(signingKeys)
    .set({ ...change, stateSince: now })
    .where(and(eq(signingKeys.id, keyId), eq(signingKeys.state, from)))
    .returning({ id: signingKeys.id });
  return rows.length === 1;
}

/** Has every instance wait with signing for a biller until then. */
export async function holdKeys(db: Db, billerId: string, until: Date | null): Promise<void> {
  await db
    .update(signingKeys)
    .set({ holdUntil: until })
    .where(and(eq(signingKeys.billerId, billerId), eq(signingKeys.state, 'active')));
}

/** Every biller with its active key, where it has one: what readiness looks at, in one round trip. */
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

export type KeyRequestRow = typeof keyRequests.$inferSelect;

/** Keeps a certificate request in place of the biller's last one. */
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
