import { InputError } from '../../src/platform/errors/idp-error.ts';

/** Runs one statement. @returns its rows, with every value as the driver reads it */
export type Query = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;

/** What there was to copy. */
export interface Copied {
  readonly table: string;
  readonly rows: number;
}

const BATCH = 500;

/** Identifiers come from the database's own catalog, in which they are quoted where they have to be. */
async function tablesOf(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migrations'
     order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Tables in an order in which each comes after those that its rows refer to. */
async function inOrder(query: Query): Promise<string[]> {
  const references = await query<{ from: string; to: string }>(
    `select distinct conrelid::regclass::text as "from", confrelid::regclass::text as "to"
     from pg_constraint where contype = 'f' and conrelid <> confrelid`,
  );
  const waiting = new Set(await tablesOf(query));
  const order: string[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].filter((table) => !references.some(({ from, to }) => from === table && waiting.has(to)));
    if (next.length === 0) throw new Error(`tables refer to each other: ${[...waiting].join(', ')}`);
    for (const table of next) waiting.delete(table);
    order.push(...next);
  }
  return order;
}

/** A number of rows and a hash of all that is in them. Both servers write a value as JSON in the same way. */
async function fingerprint(query: Query, table: string): Promise<{ rows: number; hash: string | null }> {
  const [row] = await query<{ rows: string; hash: string | null }>(
    `select count(*)::text as rows, md5(string_agg(row, '' order by row collate "C")) as hash
     from (select to_jsonb(t)::text as row from ${table} t) all_rows`,
  );
  return { rows: Number(row?.rows), hash: row?.hash ?? null };
}

async function copyTable(from: Query, to: Query, table: string): Promise<void> {
  // As JSON text, which this process never parses: no value is rounded or changed.
  for (let offset = 0; ; offset += BATCH) {
    const [batch] = await from<{ rows: string | null }>(
      `select jsonb_agg(to_jsonb(page))::text as rows from
       (select * from ${table} order by ctid limit ${BATCH} offset ${offset}) page`,
    );
    if (batch?.rows == null) return;
    await to(
      `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1)`,
      [batch.rows],
    );
  }
}

/** Numbers that were given out once are never given out again, even if their rows are gone. */
async function copySequences(from: Query, to: Query): Promise<void> {
  const sequences = await from<{ name: string }>(
    `select oid::regclass::text as name from pg_class
     where relkind = 'S' and relnamespace = 'public'::regnamespace order by 1`,
  );
  for (const { name } of sequences) {
    const [state] = await from<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${name}`,
    );
    await to('select setval($1::regclass, $2::bigint, $3)', [name, state?.last, state?.called]);
  }
}

/** Says whether every table has the same content on both sides. */
async function isSame(from: Query, to: Query, tables: readonly string[]): Promise<boolean> {
  for (const table of tables) {
    const [before, after] = await Promise.all([fingerprint(from, table), fingerprint(to, table)]);
    if (before.rows !== after.rows || before.hash !== after.hash) return false;
  }
  return true;
}

async function isEmpty(query: Query, tables: readonly string[]): Promise<boolean> {
  for (const table of tables) if ((await query(`select 1 from ${table} limit 1`)).length > 0) return false;
  return true;
}

/**
 * Copies every row of every table, and checks afterwards that both sides are equal. Both have the same migrations. The
 * caller has begun a transaction at the target, and rolls it back when this throws. Where everything is there already,
 * it does nothing.
 *
 * @returns the tables with the number of their rows
 * @throws InputError if the target holds other rows; Error where the two differ after the copy
 */
export async function copyRows(from: Query, to: Query): Promise<Copied[]> {
  for (const query of [from, to]) await query("set timezone = 'UTC'");
  const tables = await inOrder(from);
  if (!(await isSame(from, to, tables))) {
    if (!(await isEmpty(to, tables))) {
      throw new InputError(
        'The new database is in use already: it holds other rows than the old one. Nothing was changed.',
      );
    }
    for (const table of tables) await copyTable(from, to, table);
    await copySequences(from, to);
    if (!(await isSame(from, to, tables))) throw new Error('the copy differs from the old database');
  }
  const copied: Copied[] = [];
  for (const table of tables) copied.push({ table, rows: (await fingerprint(to, table)).rows });
  return copied;
}
