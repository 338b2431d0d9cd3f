import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** The Drizzle database, whichever of the two stands behind it. */
export type Db = PgDatabase<PgQueryResultHKT, Record<string, never>>;

/** A statement on the hot path: parsed and planned once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Called with the id of the biller to read again; undefined: any of them may have changed. */
export type ChangeListener = (billerId: string | undefined) => void;

/** One database, PGlite or PostgreSQL, behind one face. */
export interface Database {
  readonly kind: 'embedded' | 'postgresql';
  readonly db: Db;
  /** Runs `work` in one transaction: it commits when `work` resolves, and rolls back when it throws. */
  transaction<Result>(work: (transaction: Db) => Promise<Result>): Promise<Result>;
  /** Runs a prepared statement. Rows come as objects by column name. */
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** Subscribes to changes of billers and keys made by any instance or command. */
  onChange(listener: ChangeListener): void;
  close(): Promise<void>;
}

/** The channel that the triggers of migration 0001 write to. */
export const CHANGE_CHANNEL = 'biller_changed';

export const MIGRATIONS_FOLDER = new URL('./migrations', import.meta.url).pathname;

// SQLSTATE classes of a server that can't serve (PostgreSQL, appendix A) and the ways a socket ends.
const GONE = /^(08...|57P0.|53...|55000|ECONN.*|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENOENT|EHOSTUNREACH|57014)$/;
const GONE_MESSAGE = /timeout|terminated|Client has encountered a connection error|not queryable|PGlite is closed/i;

/** Says whether an error means that the database can't be had at the moment, as opposed to a mistake of ours. */
export function isDatabaseGone(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    const code = (current as NodeJS.ErrnoException).code;
    if (typeof code === 'string' ? GONE.test(code) : GONE_MESSAGE.test(current.message)) return true;
    if (current instanceof AggregateError && current.errors.some(isDatabaseGone)) return true;
  }
  return false;
}
