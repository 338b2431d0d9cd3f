import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Orm } from '../database/database.ts';
import { billers, signingKeys } from '../database/schema.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

/** The states in which a certificate is published. */
const PUBLISHED: KeyState[] = ['active', 'staged', 'retiring'];

/** Adds a key as it is. Runs in the caller's transaction where one is given. */
export async function insertKey(orm: Orm, key: typeof signingKeys.$inferInsert): Promise<void> {
  await orm.insert(signingKeys).values(key);
}

/** The keys of a biller whose certificates are published: the active one first, then by age. */
export async function publishedKeys(orm: Orm, billerId: string): Promise<SigningKeyRow[]> {
  const rows = await orm
    .select()
    .from(signingKeys)
    .where(and(eq(signingKeys.billerId, billerId), inArray(signingKeys.state, PUBLISHED)))
    .orderBy(asc(signingKeys.createdAt), asc(signingKeys.id));
  return rows.sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active'));
}

/** Every key, of one biller or of all, without its private part. */
export async function listKeys(orm: Orm, billerId?: string) {
  return orm
    .select({
      id: signingKeys.id,
      billerId: signingKeys.billerId,
      biller: billers.slug,
      state: signingKeys.state,
      keyType: signingKeys.keyType,
      fingerprint: signingKeys.fingerprint,
      notBefore: signingKeys.notBefore,
      notAfter: signingKeys.notAfter,
    })
    .from(signingKeys)
    .innerJoin(billers, eq(billers.id, signingKeys.billerId))
    .where(billerId === undefined ? undefined : eq(signingKeys.billerId, billerId))
    .orderBy(asc(billers.slug), asc(signingKeys.createdAt));
}

/** Every biller with its active key, where it has one: what readiness looks at, in one round trip. */
export async function activeKeys(orm: Orm) {
  return orm
    .select({
      billerId: billers.id,
      slug: billers.slug,
      keyId: signingKeys.id,
      notBefore: signingKeys.notBefore,
      notAfter: signingKeys.notAfter,
    })
    .from(billers)
    .leftJoin(signingKeys, and(eq(signingKeys.billerId, billers.id), eq(signingKeys.state, 'active')))
    .orderBy(asc(billers.slug));
}
