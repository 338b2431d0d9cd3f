import { moduleSettings, type Settings } from './config.ts';
import type { Hsm } from './core/keys/hsm/hsm.ts';
import { createMasterKey, type MasterKey } from './core/secrets/master-key.ts';
import { embeddedMasterKeyFile, type MasterKeyFile, readMasterKeys } from './core/secrets/master-key-source.ts';
import { verifyMasterKey } from './core/secrets/verify-master-key.ts';
import type { ControlSocket } from './platform/database/control-socket.ts';
import type { Database } from './platform/database/database.ts';
import { openDatabase } from './platform/database/open.ts';

/** What every service stands on: the database is open, and the master key fits it. */
export interface Foundation {
  readonly publicUrl: string;
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Undefined where the master key is a setting. */
  readonly masterKeyFile: MasterKeyFile | undefined;
  readonly hsm: Hsm | undefined;
  readonly controlSocket: ControlSocket | undefined;
  close(): Promise<void>;
}

/**
 * Opens what the settings describe: database, migrations, master key, hardware module.
 *
 * @returns undefined where a running service has the embedded database
 * @throws InputError where one of them cannot be opened
 */
export async function openFoundation(settings: Settings): Promise<Foundation | undefined> {
  const opened = await openDatabase(settings);
  if (opened === undefined) return undefined;
  const { database, controlSocket } = opened;
  const close = async () => {
    await database.close();
    await controlSocket?.release();
  };
  try {
    const { MASTER_KEY } = settings;
    const masterKeyFile = MASTER_KEY === undefined ? embeddedMasterKeyFile() : undefined;
    const masterKey = createMasterKey(...(masterKeyFile?.read() ?? (await readMasterKeys(MASTER_KEY ?? ''))));
    await verifyMasterKey(database.db, masterKey);
    const hsm = await openModule(settings);
    return {
      publicUrl: settings.PUBLIC_URL,
      database,
      masterKey,
      masterKeyFile,
      hsm,
      controlSocket,
      async close() {
        hsm?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openModule(settings: Settings): Promise<Hsm | undefined> {
  const given = moduleSettings(settings);
  if (given === undefined) return undefined;
  const { createHsm } = await import('./core/keys/hsm/hsm.ts');
  return createHsm(given);
}
