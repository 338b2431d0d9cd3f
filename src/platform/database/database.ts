import type { Kysely } from 'kysely';

/**
 * The tables by name. Empty here: the folder that owns a table adds it by declaration merging in its `schema.ts`.
 * Columns are named in camelCase there and in snake_case in the database (`billerId` is `biller_id`).
 */
// biome-ignore lint/suspicious/noEmptyInterface: only an interface supports declaration merging.
export interface Tables {}

/**
 * Queries, typed by `Tables`. Each runs on any free connection. There is no way to begin a transaction here: that
 * is `Database.transaction`.
 */
export type Db = Pick<
  Kysely<Tables>,
  'selectFrom' | 'insertInto' | 'updateTable' | 'deleteFrom' | 'with' | 'fn' | 'getExecutor'
>;

declare const inTransaction: unique symbol;

/**
 * Queries in one transaction. A function that makes several related changes takes one of these, so that it can't be
 * called outside a transaction. Transactions don't nest.
 */
export type Transaction = Db & { readonly [inTransaction]: true };

/** A statement on the hot path: parsed and planned once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Called with the ID of the biller to reload; undefined: any biller may have changed. */
export type ChangeListener = (billerId: string | undefined) => void;

/** An open database. */
export interface Database {
  readonly kind: 'embedded' | 'postgresql';
  readonly db: Db;
  /**
   * Runs `work` in one transaction: commits when `work` resolves, and rolls back when it rejects. Await every statement
   * within `work`.
   *
   * @throws what `work` throws; OutcomeUnknown if the connection was lost at the commit and the outcome can't be found
   *   out
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Runs a prepared statement. Rows are objects keyed by column name as spelled in the database. */
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  /** Subscribes to changes of billers and keys made by any instance or command. */
  onChange(listener: ChangeListener): void;
  close(): Promise<void>;
}

/** The channel that the triggers of migration 0001 write to. */
export const CHANGE_CHANNEL = 'biller_changed';

/** The connection was lost after COMMIT was sent, so it is unknown whether the transaction was committed. */
export class OutcomeUnknown extends Error {
  constructor(cause: unknown) {
    super('the connection to the database was lost during a commit; the change may or may not have been made', {
      cause,
    });
    this.name = 'OutcomeUnknown';
  }
}

// SQLSTATEs (PostgreSQL, appendix A) of a server that does not do what it usually does: no connection or no login (08, 28,
// 3D000, 57P0x), nothing left of something (53: disk, memory, connections), read-only, as after a failover (25006), a
// transaction that lost against others (40) or waited too long (25P03, 25P04, 55P03, 57014), a broken disk (58).
const SERVER = /^(08...|25006|25P0[34]|28...|3D000|40...|53...|55000|55P03|57014|57P0.|58...)$/;
const SOCKET = /^(ECONN.*|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENOENT|EHOSTUNREACH)$/;
const GONE_MESSAGE = /timeout|terminated|Client has encountered a connection error|not queryable|Connection ended/i;

/** Whether an error means that the database is out of reach or can't work now, as opposed to a bug in our code. */
export function isDatabaseGone(error: unknown): boolean {
  for (let current = error, depth = 0; current instanceof Error && depth < 5; current = current.cause, depth += 1) {
    if (current instanceof OutcomeUnknown) return true;
    const code = (current as NodeJS.ErrnoException).code;
    if (typeof code === 'string' ? SERVER.test(code) || SOCKET.test(code) : GONE_MESSAGE.test(current.message))
      return true;
    if (current instanceof AggregateError && current.errors.some(isDatabaseGone)) return true;
  }
  return false;
}
