import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { createServices, type Services } from '../../../src/app.ts';
import { readSettings, type Settings } from '../../../src/config.ts';
import { createKeyedHash } from '../../../src/core/audit/keyed-hash.ts';
import { createMasterKey } from '../../../src/core/secrets/master-key.ts';
import type { Database } from '../../../src/platform/database/database.ts';
import { openDatabase } from '../../../src/platform/database/open.ts';
import { endServer } from './embedded-server.ts';
import { layEmbeddedDatabase } from './embedded-template.ts';
import { createTestDatabase } from './postgres.ts';

export type DatabaseKind = Database['kind'];

/** A place for one installation's data, empty at first, which can be opened more than once. */
export interface TestStorage {
  readonly kind: DatabaseKind;
  /** A separate folder: DATA_DIR of an embedded database, and a process's working directory. */
  readonly folder: string;
  /** Settings that name the database and the master key, for a process or for `readSettings`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Settings;
  /** Opens the database as the service does. @param url of a cable to it, if not directly */
  open(url?: string): Promise<TestConnection>;
  remove(): Promise<void>;
}

/** An open database with the real services over it. */
export interface TestConnection {
  readonly database: Database;
  readonly services: Services;
  close(): Promise<void>;
}

/** Makes a place for data. Nothing is opened yet. @param kind the tests' PostgreSQL unless it is 'embedded' */
export async function createTestStorage(kind: DatabaseKind = 'postgresql'): Promise<TestStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'ic-idp-test-'));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const key = randomBytes(32).toString('base64');
  const { named, drop } = await nameDatabase(kind, folder);
  const environment = { ...named, MASTER_KEY: key, PUBLIC_URL: 'https://idp.example' };
  const settings = readSettings(environment, {});
  return {
    kind,
    folder,
    environment,
    settings,
    async open(url) {
      const database = await openDatabase(url === undefined ? settings : { ...settings, DATABASE_URL: url });
      const masterKey = createMasterKey(key);
      const keyedHash = createKeyedHash(masterKey.derive('test'));
      const services = createServices({ publicUrl: settings.PUBLIC_URL, database, masterKey, keyedHash });
      return {
        database,
        services,
        async close() {
          await services.audit.drained();
          await database.close();
        },
      };
    },
    async remove() {
      await drop();
      await removeFolder();
    },
  };
}

async function nameDatabase(kind: DatabaseKind, folder: string) {
  if (kind === 'embedded') {
    const dataDir = join(folder, 'data');
    await layEmbeddedDatabase(dataDir);
    return { named: { DATA_DIR: dataDir }, drop: () => endServer(dataDir) };
  }
  const { url, drop } = await createTestDatabase(inject('postgresUrl'));
  return { named: { DATABASE_URL: url }, drop };
}
