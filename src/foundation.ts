import { moduleSettings, type Settings } from './config.ts';
import { type KeyedHash, openKeyedHash } from './core/audit/keyed-hash.ts';
import { type Opener, settleAddress } from './core/installation/address.ts';
import type { Hsm } from './core/keys/hsm/hsm.ts';
import { createMasterKey, type MasterKey } from './core/secrets/master-key.ts';
import { embeddedMasterKeyFile, type MasterKeyFile, readMasterKeys } from './core/secrets/master-key-source.ts';
import { verifyMasterKey } from './core/secrets/verify-master-key.ts';
import { type FileProblem, localFileProblems } from './local-files.ts';
import type { Database } from './platform/database/database.ts';
import { openDatabase, type Report, requireInstallation } from './platform/database/open.ts';
import { tooMuchTrust } from './platform/http/clients/proxy-trust.ts';

/** What every service stands on: the database is open, and the master key fits it. */
export interface Foundation {
  readonly publicUrl: string;
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly keyedHash: KeyedHash;
  /** Undefined if the master key is a setting. */
  readonly masterKeyFile: MasterKeyFile | undefined;
  readonly hsm: Hsm | undefined;
  /** Looks at the modes and owners of the files on this machine. */
  readonly fileProblems: () => readonly FileProblem[];
  /** What is wrong with TRUST_PROXY, if it trusts too much. */
  readonly tooMuchTrust: string | undefined;
  close(): Promise<void>;
}

interface OpenOptions {
  readonly opener: Opener;
  /** Whether an installation is made where there is none. */
  readonly create: boolean;
  /** Called while an embedded database that was lost can't be started again. */
  readonly report?: Report | undefined;
}

/**
 * Opens what the settings describe: database, migrations, master key, HSM.
 *
 * @throws InputError if one of them cannot be opened, or PUBLIC_URL is not the installation's address
 */
export async function openFoundation(settings: Settings, options: OpenOptions): Promise<Foundation> {
  const { opener, create, report } = options;
  if (!create) await requireInstallation(settings);
  const database = await openDatabase(settings, report);
  try {
    const publicUrl = await settleAddress(database.db, settings.PUBLIC_URL, opener);
    const { MASTER_KEY } = settings;
    const masterKeyFile = MASTER_KEY === undefined ? embeddedMasterKeyFile() : undefined;
    const masterKey = createMasterKey(...(masterKeyFile?.read() ?? (await readMasterKeys(MASTER_KEY ?? ''))));
    if (masterKeyFile !== undefined) masterKey.follow(masterKeyFile.read);
    await verifyMasterKey(database.db, masterKey);
    const keyedHash = await openKeyedHash(database.db, masterKey);
    const hsm = await openModule(settings);
    return {
      publicUrl,
      database,
      masterKey,
      keyedHash,
      masterKeyFile,
      hsm,
      fileProblems: () => localFileProblems(settings),
      tooMuchTrust: tooMuchTrust(settings),
      async close() {
        hsm?.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openModule(settings: Settings): Promise<Hsm | undefined> {
  const given = moduleSettings(settings);
  if (given === undefined) return undefined;
  const { createHsm } = await import('./core/keys/hsm/hsm.ts');
  return createHsm(given);
}
