import { asc, eq } from 'drizzle-orm';
import type { Orm } from '../../platform/database/database.ts';
import { billers } from '../../platform/database/schema.ts';

export type BillerRow = typeof billers.$inferSelect;
type NewBiller = typeof billers.$inferInsert;

export async function findBiller(orm: Orm, slug: string): Promise<BillerRow | undefined> {
  return (await orm.select().from(billers).where(eq(billers.slug, slug)))[0];
}

/** Reads a biller in a transaction that is going to change it: nobody else changes it meanwhile. */
export async function lockBiller(transaction: Orm, slug: string): Promise<BillerRow | undefined> {
  return (await transaction.select().from(billers).where(eq(billers.slug, slug)).for('update'))[0];
}

export async function findBillerByGuid(orm: Orm, billerGuid: string): Promise<BillerRow | undefined> {
  return (await orm.select().from(billers).where(eq(billers.billerGuid, billerGuid)))[0];
}

export async function allBillers(orm: Orm): Promise<BillerRow[]> {
  return orm.select().from(billers).orderBy(asc(billers.slug));
}

export async function insertBiller(orm: Orm, biller: NewBiller): Promise<void> {
  await orm.insert(billers).values(biller);
}

export async function updateBiller(orm: Orm, id: string, changes: Partial<NewBiller>, now: Date): Promise<void> {
  await orm
    .update(billers)
    .set({ ...changes, updatedAt: now })
    .where(eq(billers.id, id));
}

export async function deleteBiller(orm: Orm, id: string): Promise<void> {
  await orm.delete(billers).where(eq(billers.id, id));
}
