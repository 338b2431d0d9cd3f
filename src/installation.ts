import { createServices, type Services } from './app.ts';
import { moduleSettings, type Settings } from './config.ts';
import { createHsm } from './core/keys/hsm/hsm.ts';
import { createMasterKey } from './core/secrets/master-key.ts';
import { embeddedMasterKeyFile, readMasterKeys } from './core/secrets/master-key-source.ts';
import { verifyMasterKey } from './core/secrets/verify-master-key.ts';
import type { ControlSocket } from './platform/database/control-socket.ts';
import { openDatabase } from './platform/database/open.ts';

/** The services over the installation's own database and master key. */
export interface Installation {
  readonly services: Services;
  readonly controlSocket: ControlSocket | undefined;
  close(): Promise<void>;
}

/**
 * Opens the installation that the settings describe: database, migrations, master key, services.
 *
 * @returns undefined where the embedded database is in the hands of a running service
 * @throws InputError where a part can't be had
 */
export async function openInstallation(settings: Settings): Promise<Installation | undefined> {
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
    const given = moduleSettings(settings);
    const hsm = given && createHsm(given);
    const services = createServices({ publicUrl: settings.PUBLIC_URL, database, masterKey, masterKeyFile, hsm });
    return {
      services,
      controlSocket,
      async close() {
        await services.audit.drained();
        await services.fetches.drained();
        hsm?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
