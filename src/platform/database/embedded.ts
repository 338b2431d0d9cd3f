import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { CHANGE_CHANNEL, type ChangeListener, type Database, type Db, MIGRATIONS_FOLDER } from './database.ts';

/**
 * Opens the embedded database (PGlite) and brings its schema up to date. The caller holds the control socket: two
 * processes on one folder would destroy it.
 */
export async function openEmbedded(dataDir: string): Promise<Database> {
  const folder = join(dataDir, 'pglite');
  // PGlite lets everybody read and write its files. DATA_DIR may be an older folder than this service, with any mode.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const client = await PGlite.create({ dataDir: folder });
  const db = drizzle(client);
  await migrate(db, { migrationsFolder: MIGRATIONS_FOLDER });
  const listeners: ChangeListener[] = [];
  await client.listen(CHANGE_CHANNEL, (billerId) => {
    for (const listener of listeners) listener(billerId);
  });
  return {
    kind: 'embedded',
    db: db as unknown as Db,
    transaction: (work) => db.transaction((transaction) => work(transaction as unknown as Db)),
    async query<Row>({ text }: { text: string }, values: readonly unknown[]) {
      return (await client.query<Row>(text, values as unknown[])).rows;
    },
    onChange: (listener) => void listeners.push(listener),
    close: () => client.close(),
  };
}
