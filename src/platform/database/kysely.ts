import {
  CamelCasePlugin,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Db, Tables } from './database.ts';

/** What a statement gave. `rowCount`: how many rows it returned, inserted, changed or deleted. */
export interface Answer {
  readonly rows: unknown[];
  readonly rowCount?: number | null;
}

/** Sends a statement, or several separated by semicolons where there are no values. @returns the answer to the last one */
export type Send = (text: string, values?: readonly unknown[]) => Promise<Answer>;

async function refuse(): Promise<never> {
  throw new Error('Transactions are begun by Database.transaction, not by Kysely.');
}

/**
 * Builds typed queries over a way to send statements. Kysely has a pool of its own only for the form: `send` decides which
 * connection a statement takes.
 *
 * Rows and columns are camelCase by Kysely's plugin. It costs some microseconds a query, which the hot path does not pay:
 * that uses `Database.query`. Keys inside of jsonb are left alone.
 */
export function createDb(send: Send): Db {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      const { rows, rowCount } = await send(sql, parameters);
      return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
    },
    // biome-ignore lint/correctness/useYield: nothing here streams.
    async *streamQuery() {
      throw new Error('Rows are not streamed. Read them in pages.');
    },
  };
  const driver: Driver = {
    init: async () => undefined,
    acquireConnection: async () => connection,
    releaseConnection: async () => undefined,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => undefined,
  };
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}
