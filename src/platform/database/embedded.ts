import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite, types } from '@electric-sql/pglite';
import { CHANGE_CHANNEL, type ChangeListener, type Database, type Transaction } from './database.ts';
import { createDb, type Send } from './kysely.ts';
import { type InTransaction, migrate } from './migrate.ts';

type Client = Pick<PGlite, 'query' | 'exec'>;

const sendOver =
  (client: Client): Send =>
  async (text, values) => {
    const result =
      values === undefined ? (await client.exec(text)).at(-1) : await client.query(text, values as unknown[]);
    return { rows: (result?.rows ?? []) as unknown[], rowCount: result?.affectedRows ?? 0 };
  };

/**
 * Opens the embedded database (PGlite) and brings its schema up to date. The caller holds the control socket: two
 * processes on one folder would destroy it.
 */
export async function openEmbedded(dataDir: string): Promise<Database> {
  const folder = join(dataDir, 'pglite');
  // PGlite lets everybody read and write its files. DATA_DIR may be an older folder than this service, with any mode.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const client = await PGlite.create({
    dataDir: folder,
    parsers: { [types.BYTEA]: (value) => Buffer.from(value.slice(2), 'hex') },
  });
  const inTransaction: InTransaction = (work) => client.transaction((transaction) => work(sendOver(transaction)));
  await migrate(inTransaction);
  const listeners: ChangeListener[] = [];
  await client.listen(CHANGE_CHANNEL, (billerId) => {
    for (const listener of listeners) listener(billerId);
  });
  return {
    kind: 'embedded',
    db: createDb(sendOver(client)),
    transaction: (work) => inTransaction((send) => work(createDb(send) as Transaction)),
    async query<Row>({ text }: { text: string }, values: readonly unknown[]) {
      return (await client.query<Row>(text, values as unknown[])).rows;
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => client.close(),
  };
}
