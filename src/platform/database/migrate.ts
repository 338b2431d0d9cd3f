import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors/idp-error.ts';
import type { Send } from './kysely.ts';

/** The migrations: one file each, applied in name order. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** An arbitrary number, the same on every instance and in version 0.1.0. */
const LOCK = 7_126_531;

/** Version 0.1.0 recorded a migration by its creation time: milliseconds since 1970. */
const NAMES_BY_TIME: Readonly<Record<string, string>> = {
  1795492554663: '0000_foundation',
  1795492558457: '0001_change_notices',
  1795509781971: '0002_sign_on_traces',
  1795511261508: '0003_key_rotation',
  1795514744072: '0004_audit_search',
};

/** Runs work in one transaction, without a statement timeout. */
export type InTransaction = <Result>(work: (send: Send) => Promise<Result>) => Promise<Result>;

/** @returns the names of all migrations of this version, in order */
export function migrationNames(): string[] {
  return readdirSync(MIGRATIONS_FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

async function exists(send: Send, table: string): Promise<boolean> {
  const { rows } = await send('select to_regclass($1) is not null as exists', [table]);
  return (rows[0] as { exists: boolean }).exists;
}

/** @throws InputError if this version does not know one of them */
function refuseNewer(applied: readonly string[]): void {
  const names = migrationNames();
  const unknown = applied.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new InputError(
    `a newer version of ic-idp has changed its tables (migration ${unknown}); run that version or a later one`,
  );
}

async function applied(send: Send): Promise<string[]> {
  const { rows } = await send('select name from schema_migrations order by name');
  return (rows as { name: string }[]).map(({ name }) => name);
}

/** Converts version 0.1.0's record of migrations, which drizzle-orm kept. */
async function adopt(send: Send): Promise<void> {
  if (!(await exists(send, 'drizzle.__drizzle_migrations'))) return;
  const { rows } = await send('select created_at::text as time from drizzle.__drizzle_migrations order by id');
  const names = (rows as { time: string }[]).map(({ time }) => NAMES_BY_TIME[time] ?? `of ${time}`);
  refuseNewer(names);
  await send('insert into schema_migrations (name) select unnest($1::text[])', [names]);
  // Version 0.1.0 then refuses to start, which is better than letting it write to tables that it does not know.
  await send('drop table drizzle.__drizzle_migrations');
}

/** @returns whether the database was set up by any version */
export async function hasTables(send: Send): Promise<boolean> {
  return (await exists(send, 'schema_migrations')) || (await exists(send, 'drizzle.__drizzle_migrations'));
}

/**
 * Checks whether there is anything to apply, without a lock.
 *
 * @throws InputError if the database is newer than this version
 */
export async function isMigrated(send: Send): Promise<boolean> {
  if (!(await exists(send, 'schema_migrations'))) return false;
  const names = await applied(send);
  refuseNewer(names);
  return names.length === migrationNames().length;
}

/**
 * Applies the missing migrations, each in its own transaction. Instances that start at the same time take turns.
 *
 * @throws InputError if the database is newer than this version; the database's error if a migration fails
 */
export async function migrate(inTransaction: InTransaction): Promise<void> {
  const applyNext = () =>
    inTransaction(async (send) => {
      await send('select pg_advisory_xact_lock($1)', [LOCK]);
      if (!(await exists(send, 'schema_migrations'))) {
        await send(
          'create table schema_migrations (name text primary key, applied_at timestamptz not null default clock_timestamp())',
        );
        await adopt(send);
        return true;
      }
      const names = await applied(send);
      refuseNewer(names);
      const next = migrationNames().find((name) => !names.includes(name));
      if (next === undefined) return false;
      await send(readFileSync(`${MIGRATIONS_FOLDER}/${next}.sql`, 'utf8'));
      await send('insert into schema_migrations (name) values ($1)', [next]);
      return true;
    });
  while (await applyNext());
}
