import { type Insertable, type Selectable, sql } from 'kysely';
import type { Database, Db, Statement, Transaction } from '../../platform/database/database.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import type { BillersTable } from './schema.ts';
import { toStored } from './settings.ts';

/** `version` changes with every change of the row: xmin, the transaction that wrote it (PostgreSQL, 5.6). */
export type BillerRow = Selectable<BillersTable> & { readonly version: string };
type NewBiller = Insertable<BillersTable>;

const select = (db: Db) => db.selectFrom('billers').selectAll().select(sql<string>`xmin::text`.as('version'));

export async function findBiller(db: Db, slug: string): Promise<BillerRow | undefined> {
  return select(db).where('slug', '=', slug).executeTakeFirst();
}

const VERSIONS: Statement = {
  name: 'biller-versions',
  text: 'select id, xmin::text as version from billers where id = any($1::uuid[])',
};

/** @returns a function that reads the version of a biller by its ID; undefined if there is none */
export function createFindVersion(database: Database): (id: string) => Promise<string | undefined> {
  return createBatchedLookup(async (ids) => {
    const rows = await database.query<{ id: string; version: string }>(VERSIONS, [ids]);
    return new Map(rows.map(({ id, version }) => [id, version]));
  });
}

/** Reads a biller in a transaction that will change it, and locks it until the transaction ends. */
export async function lockBiller(transaction: Transaction, slug: string): Promise<BillerRow | undefined> {
  return select(transaction).where('slug', '=', slug).forUpdate().executeTakeFirst();
}

/** Keeps a biller from being changed until the transaction ends. @returns whether it still has this version */
export async function holdBiller(
  transaction: Transaction,
  { id, version }: { readonly id: string; readonly version: string },
): Promise<boolean> {
  const row = await transaction
    .selectFrom('billers')
    .select(sql<string>`xmin::text`.as('version'))
    .where('id', '=', id)
    .forShare()
    .executeTakeFirst();
  return row?.version === version;
}

export async function findBillerByGuid(db: Db, billerGuid: string): Promise<BillerRow | undefined> {
  return select(db).where('billerGuid', '=', billerGuid).executeTakeFirst();
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

export async function hasBillers(db: Db): Promise<boolean> {
  return (await db.selectFrom('billers').select('id').limit(1).executeTakeFirst()) !== undefined;
}

/** Fixes the Entity ID of every biller that has none of its own: its metadata URL at this address. */
export async function keepEntityIds(db: Db, entityIdOf: (slug: string) => string): Promise<number> {
  const rows = await db.selectFrom('billers').select(['id', 'slug']).where('entityId', 'is', null).execute();
  for (const { id, slug } of rows) {
    await db
      .updateTable('billers')
      .set({ entityId: entityIdOf(slug) })
      .where('id', '=', id)
      .execute();
  }
  return rows.length;
}

/** Lets the Entity ID of every biller follow the address again. @returns of how many it changes */
export async function forgetEntityIds(db: Db): Promise<number> {
  const rows = await db.updateTable('billers').set({ entityId: null }).returning('id').execute();
  return rows.length;
}

export async function allBillers(db: Db): Promise<BillerRow[]> {
  return select(db).orderBy('slug').execute();
}

export async function insertBiller(db: Db, biller: NewBiller): Promise<void> {
  await db
    .insertInto('billers')
    .values({ ...biller, settings: toStored(biller.settings) })
    .execute();
}

export async function updateBiller(db: Db, id: string, changes: Partial<NewBiller>, now: Date): Promise<void> {
  const { settings } = changes;
  await db
    .updateTable('billers')
    .set({ ...changes, ...(settings === undefined ? {} : { settings: toStored(settings) }), updatedAt: now })
    .where('id', '=', id)
    .execute();
}

export async function deleteBiller(db: Db, id: string): Promise<void> {
  await db.deleteFrom('billers').where('id', '=', id).execute();
}
