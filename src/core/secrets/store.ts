import type { Db } from '../../platform/database/database.ts';

/** @returns the value of a fact about the installation; undefined where it is not noted */
export async function readFact(db: Db, name: string): Promise<string | undefined> {
  const row = await db.selectFrom('installation').select('value').where('name', '=', name).executeTakeFirst();
  return row?.value;
}

/** Reads a fact about the installation, or notes it. @returns what holds */
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

/** Notes a fact in place of what was noted under its name. */
export async function writeFact(db: Db, name: string, value: string): Promise<void> {
  await db
    .insertInto('installation')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}

/** Changes a fact that is noted, and does nothing where it is not. */
export async function changeFact(db: Db, name: string, value: string): Promise<void> {
  await db.updateTable('installation').set({ value }).where('name', '=', name).execute();
}

/** @returns whether it was noted */
export async function deleteFact(db: Db, name: string): Promise<boolean> {
  const rows = await db.deleteFrom('installation').where('name', '=', name).returning('name').execute();
  return rows.length === 1;
}

/** @returns those of the named facts that are noted */
export async function factsNamed(db: Db, names: readonly string[]): Promise<{ name: string; value: string }[]> {
  return db.selectFrom('installation').select(['name', 'value']).where('name', 'in', names).execute();
}

/** @param prefix without characters that LIKE treats as special @returns all facts whose names begin with it */
export async function factsBeginningWith(db: Db, prefix: string): Promise<{ name: string; value: string }[]> {
  return db.selectFrom('installation').select(['name', 'value']).where('name', 'like', `${prefix}%`).execute();
}
