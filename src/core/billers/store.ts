import { asc, eq } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { billers } from '../../platform/database/schema.ts';

export type BillerRow = typeof billers.$inferSelect;
type NewBiller = typeof billers.$inferInsert;

export async function findBiller(db: Db, slug: string): Promise<BillerRow | undefined> {
  return (await db.select().from(billers).where(eq(billers.slug, slug)))[0];
}

/** Reads a biller in a transaction that will change it, and locks it against other changes. */
export async function lockBiller(transaction: Db, slug: string): Promise<BillerRow | undefined> {
  return (await transaction.select().from(billers).where(eq(billers.slug, slug)).for('update'))[0];
}

export async function findBillerByGuid(db: Db, billerGuid: string): Promise<BillerRow | undefined> {
  return (await db.select().from(billers).where(eq(billers.billerGuid, billerGuid)))[0];
}

export async function allBillers(db: Db): Promise<BillerRow[]> {
  return db.select().from(billers).orderBy(asc(billers.slug));
}

export async function insertBiller(db: Db, biller: NewBiller): Promise<void> {
  await db.insert(billers).values(biller);
}

export async function updateBiller(db: Db, id: string, changes: Partial<NewBiller>, now: Date): Promise<void> {
  await db
    .update(billers)
    .set({ ...changes, updatedAt: now })
    .where(eq(billers.id, id));
}

export async function deleteBiller(db: Db, id: string): Promise<void> {
  await db.delete(billers).where(eq(billers.id, id));
}
