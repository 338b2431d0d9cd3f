import type { Db, Transaction } from '../../platform/database/database.ts';

/** @returns the value of a fact about the installation; undefined if there is none */
export async function readFact(db: Db, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('installation').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

/** Reads a fact about the installation, or stores it if there is none. @returns the stored value */
export async function readOrNoteFact(db: Db, name: string, value: () => string): Promise<string> {
  const known = await readFact(db, name);
  if (known !== undefined) return known;
  await db
    .insertInto('installation')
    .values({ name, value: value() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await readFact(db, name)) ?? value();
}

/** Stores a fact, replacing any earlier value. */
export async function writeFact(db: Db, name: string, value: string): Promise<void> {
  await db
    .insertInto('installation')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** Changes a fact if it still has the value that it had. */
export async function changeFact(db: Db, name: string, old: string, value: string): Promise<void> {
  await db.updateTable('installation').set({ value }).where('name', '=', name).where('value', '=', old).execute();
}

/**
 * Reads a fact and keeps it from being changed (`share`), or also from being locked by anyone else (`update`), until the
 * transaction ends.
 */
export async function lockFact(transaction: Transaction, name: string, mode: 'share' | 'update') {
  const query = transaction.selectFrom('installation').select('value').where('name', '=', name);
  return (await (mode === 'share' ? query.forShare() : query.forUpdate()).executeTakeFirst())?.value;
}

/** @returns whether it existed */
export async function deleteFact(db: Db, name: string): Promise<boolean> {
  const rows = await db.deleteFrom('installation').where('name', '=', name).returning('name').execute();
  return rows.length === 1;
}

/** @returns those of the named facts that exist */
export async function factsNamed(db: Db, names: readonly string[]): Promise<{ name: string; value: string }[]> {
  return db.selectFrom('installation').select(['name', 'value']).where('name', 'in', names).execute();
}

/** @param prefix without characters that are special to LIKE @returns all facts with names that start with it */
export async function factsBeginningWith(db: Db, prefix: string): Promise<{ name: string; value: string }[]> {
  return db.selectFrom('installation').select(['name', 'value']).where('name', 'like', `${prefix}%`).execute();
}
