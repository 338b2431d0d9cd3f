import { moduleSettings, type Settings } from './config.ts';
import { type KeyedHash, openKeyedHash } from './core/audit/keyed-hash.ts';
import type { Hsm } from './core/keys/hsm/hsm.ts';
import { createMasterKey, type MasterKey } from './core/secrets/master-key.ts';
import { embeddedMasterKeyFile, type MasterKeyFile, readMasterKeys } from './core/secrets/master-key-source.ts';
import { verifyMasterKey } from './core/secrets/verify-master-key.ts';
import { type FileProblem, localFileProblems } from './local-files.ts';
import type { Database } from './platform/database/database.ts';
import { openDatabase, type Report } from './platform/database/open.ts';
import { tooMuchTrust } from './platform/http/proxy-trust.ts';

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

/**
 * Opens what the settings describe: database, migrations, master key, HSM.
 *
 * @param report is called while an embedded database that was lost can't be started again
 * @throws InputError if one of them cannot be opened
 */
export async function openFoundation(settings: Settings, report?: Report): Promise<Foundation> {
  const database = await openDatabase(settings, report);
  try {
    const { MASTER_KEY } = settings;
    const masterKeyFile = MASTER_KEY === undefined ? embeddedMasterKeyFile() : undefined;
    const masterKey = createMasterKey(...(masterKeyFile?.read() ?? (await readMasterKeys(MASTER_KEY ?? ''))));
    if (masterKeyFile !== undefined) masterKey.follow(masterKeyFile.read);
    await verifyMasterKey(database.db, masterKey);
    const keyedHash = await openKeyedHash(database.db, masterKey);
    const hsm = await openModule(settings);
    return {
      publicUrl: settings.PUBLIC_URL,
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
