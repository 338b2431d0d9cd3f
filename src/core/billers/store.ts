import { type Insertable, type Selectable, sql } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import type { BillersTable } from './schema.ts';

export type BillerRow = Selectable<BillersTable>;
type NewBiller = Insertable<BillersTable>;

export async function findBiller(db: Db, slug: string): Promise<BillerRow | undefined> {
  return db.selectFrom('billers').selectAll().where('slug', '=', slug).executeTakeFirst();
}

/** Reads a biller in a transaction that will change it, and locks it until the transaction ends. */
export async function lockBiller(transaction: Transaction, slug: string): Promise<BillerRow | undefined> {
  return transaction.selectFrom('billers').selectAll().where('slug', '=', slug).forUpdate().executeTakeFirst();
}

export async function findBillerByGuid(db: Db, billerGuid: string): Promise<BillerRow | undefined> {
  return db.selectFrom('billers').selectAll().where('billerGuid', '=', billerGuid).executeTakeFirst();
}

/** @returns the slug of another biller whose Service Provider has this entity ID and one of these ACS URLs */
export async function otherWithServiceProvider(
  db: Db,
  { entityId, acs }: ServiceProvider,
  slug: string,
): Promise<string | undefined> {
  const rows = await db
    .selectFrom('billers')
    .select(['slug', 'serviceProvider'])
    .where(sql<string>`service_provider->>'entityId'`, '=', entityId)
    .where('slug', '<>', slug)
    .orderBy('slug')
    .execute();
  const urls = acs.map(({ url }) => url);
  return rows.find(({ serviceProvider }) => serviceProvider.acs.some(({ url }) => urls.includes(url)))?.slug;
}

export async function allBillers(db: Db): Promise<BillerRow[]> {
  return db.selectFrom('billers').selectAll().orderBy('slug').execute();
}

export async function insertBiller(db: Db, biller: NewBiller): Promise<void> {
  await db.insertInto('billers').values(biller).execute();
}

export async function updateBiller(db: Db, id: string, changes: Partial<NewBiller>, now: Date): Promise<void> {
  await db
    .updateTable('billers')
    .set({ ...changes, updatedAt: now })
    .where('id', '=', id)
    .execute();
}

export async function deleteBiller(db: Db, id: string): Promise<void> {
  await db.deleteFrom('billers').where('id', '=', id).execute();
}
