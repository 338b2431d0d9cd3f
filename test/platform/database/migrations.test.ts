import { readFileSync } from 'node:fs';
import { getTableName, is, sql } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { afterEach, describe, expect, test } from 'vitest';
import { findBiller, insertBiller } from '../../../src/core/billers/store.ts';
import { type Database, MIGRATIONS_FOLDER } from '../../../src/platform/database/database.ts';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import * as schema from '../../../src/platform/database/schema.ts';
import { newBillerRow } from '../../support/rows.ts';
import { createTestStorage, DATABASE_KINDS, type TestStorage } from '../../support/storage.ts';

const journal = JSON.parse(readFileSync(`${MIGRATIONS_FOLDER}/meta/_journal.json`, 'utf8')) as {
  entries: readonly { when: number }[];
};
const tables = Object.values(schema).filter((value) => is(value, PgTable));

let storage: TestStorage;
afterEach(() => storage.remove());

async function appliedMigrations({ db }: Database): Promise<number[]> {
  const rows = await db
    .select({ when: sql<string>`created_at` })
    .from(sql`drizzle.__drizzle_migrations`)
    .orderBy(sql`id`);
  return rows.map((row) => Number(row.when));
}

/** Columns as the database has them: `<name> <type>[ not null]`. */
async function columnsOf({ db }: Database, table: string): Promise<string[]> {
  const rows = await db
    .select({
      column: sql<string>`attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end`,
    })
    .from(sql`pg_attribute`)
    .where(sql`attrelid = ${table}::regclass and attnum > 0 and not attisdropped`);
  return rows.map((row) => row.column);
}

/** Columns as the schema describes them, in the words of PostgreSQL. */
function describedColumns(table: PgTable): string[] {
  return getTableConfig(table).columns.map((column) => {
    const type = column.getSQLType().replace('timestamp (3)', 'timestamp(3)');
    return `${column.name} ${type}${column.notNull ? ' not null' : ''}`;
  });
}

describe.each(DATABASE_KINDS)('the %s database', (kind) => {
  test('has every migration once, however often it is opened, and keeps its rows', {
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    storage = await createTestStorage(kind);
    const first = await storage.open();
    expect(await appliedMigrations(first.database)).toEqual(journal.entries.map((entry) => entry.when));
    const biller = newBillerRow();
    await insertBiller(first.database.db, biller);
    await first.close();

    const second = await storage.open();
    expect(await appliedMigrations(second.database)).toEqual(journal.entries.map((entry) => entry.when));
    expect((await findBiller(second.database.db, biller.slug))?.id).toBe(biller.id);
    expect(tables.length).toBeGreaterThanOrEqual(9);
    for (const table of tables) {
      const columns = await columnsOf(second.database, getTableName(table));
      expect(columns.sort(), getTableName(table)).toEqual(describedColumns(table).sort());
    }
    await second.close();
  });
});

test('instances that start together on an empty PostgreSQL take turns with the migrations', async () => {
  storage = await createTestStorage('postgresql');
  const url = storage.environment.DATABASE_URL ?? '';
  const instances = await Promise.all(Array.from({ length: 5 }, () => openPostgresql(url)));
  const [first] = instances as [Database];
  expect(await appliedMigrations(first)).toEqual(journal.entries.map((entry) => entry.when));
  await Promise.all(instances.map((instance) => instance.close()));
});
