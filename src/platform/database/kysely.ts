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

/** The result of a statement. `rowCount`: how many rows it returned, inserted, changed or deleted. */
export interface Answer {
  readonly rows: unknown[];
  readonly rowCount?: number | null;
}

/** Sends a statement, or several separated by semicolons if there are no values. @returns the last one's result */
export type Send = (text: string, values?: readonly unknown[]) => Promise<Answer>;

async function refuse(): Promise<never> {
  throw new Error('Begin transactions with Database.transaction, not with Kysely.');
}

/**
 * Builds typed queries on top of `send`, which decides which connection a statement uses; the driver below is a shim.
 *
 * Kysely's plugin converts rows and columns to camelCase, at a cost of a few microseconds per query. The hot path
 * avoids it by using `Database.query`. Keys inside jsonb are left alone.
 */
export function createDb(send: Send): Db {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      const { rows, rowCount } = await send(sql, parameters);
      return { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) };
    },
    // biome-ignore lint/correctness/useYield: nothing here is streamed.
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
