import { afterAll, beforeAll } from 'vitest';
import { insertBiller } from '../../../src/core/billers/store.ts';
import type { Db } from '../../../src/platform/database/database.ts';
import { newBillerRow } from './rows.ts';
import { createTestStorage, type TestConnection, type TestStorage } from './storage.ts';

/** A database with the real services over it, and no server. */
interface OpenStorage {
  readonly connection: TestConnection;
  readonly db: Db;
  /** Adds a biller's row, and nothing else. */
  addBiller(): Promise<ReturnType<typeof newBillerRow>>;
}

/** Opens a database before the tests of a file, and removes it after them. */
export function useTestStorage(): OpenStorage {
  let storage: TestStorage | undefined;
  let connection: TestConnection | undefined;
  const get = () => {
    if (connection === undefined) throw new Error('The database is not open yet: use it inside a test or a hook.');
    return connection;
  };
  beforeAll(async () => {
    storage = await createTestStorage();
    connection = await storage.open();
  });
  afterAll(async () => {
    await connection?.close();
    await storage?.remove();
  });
  return {
    get connection() {
      return get();
    },
    get db() {
      return get().database.db;
    },
    async addBiller() {
      const biller = newBillerRow();
      await insertBiller(get().database.db, biller);
      return biller;
    },
  };
}
