import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../platform/errors/idp-error.ts';
import { syncFolder, writePrivateFile } from '../../platform/files/private-files.ts';
import { makeFolders } from '../../platform/util/make-folders.ts';
import { readSecret } from './secret-source.ts';

/** Where an embedded installation keeps its master key. */
export const MASTER_KEY_FILE = 'certs/master.key';
const WRITABLE_BY_OTHERS = 0o022;
const EXPECTED =
  'It must be 32 bytes in base64, as printed by `openssl rand -base64 32`, or several such keys during a rotation, newest first';

/** Tells whether a text is one master key: 32 bytes in base64. */
export function isMasterKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').toString('base64') === text;
}

/** Splits at white space and commas. @throws InputError for anything else in between */
function readKeys(text: string, source: string): string[] {
  const keys = text.split(/[\s,]+/).filter((part) => part !== '');
  if (keys.length > 0 && keys.every(isMasterKey)) return keys;
  throw new InputError(
    `${source} does not contain a master key. ${EXPECTED}. If it used to work, restore it from a backup.`,
  );
}

/**
 * Reads the master keys in the setting MASTER_KEY: the keys themselves, or where they are (secret-source.ts).
 *
 * @returns at least one, newest first @throws InputError
 */
export async function readMasterKeys(setting: string): Promise<string[]> {
  const { text, source } = await readSecret('MASTER_KEY', setting);
  return readKeys(text, source);
}

/** The master key file of an embedded installation. */
export interface MasterKeyFile {
  /** Newest first. */
  read(): string[];
  /** Replaces the file's content atomically. */
  write(keys: readonly string[]): void;
}

/**
 * Opens the file in which an embedded installation keeps its master key; creates it on the first start (mode 0600).
 *
 * @throws InputError if the file contains something else
 */
export function embeddedMasterKeyFile(path: string = MASTER_KEY_FILE): MasterKeyFile {
  if (!existsSync(path)) {
    makeFolders(dirname(path), 0o700);
    const fresh = writeBeside(path, [newMasterKey()]);
    try {
      // A link, unlike a rename, does not replace a key that another process has just made: that one counts.
      linkSync(fresh, path);
    } catch (error) {
      // Another process was faster: use its key.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(fresh);
    }
    syncFolder(dirname(path));
  }
  closeFolder(dirname(path));
  return {
    read: () => readKeys(readFileSync(path, 'utf8'), path),
    write(keys) {
      renameSync(writeBeside(path, keys), path);
      syncFolder(dirname(path));
    },
  };
}

/** Writes a file beside the one of the keys. @returns its path */
function writeBeside(path: string, keys: readonly string[]): string {
  // A unique name: an existing file would keep its mode and its readers.
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  writePrivateFile(beside, `${keys.join('\n')}\n`);
  return beside;
}

/** The folder may have been there before, e.g. from a checkout with umask 0: whoever can change it can take the key away. */
function closeFolder(path: string): void {
  const { uid, mode } = statSync(path);
  if (uid === process.getuid?.() && (mode & WRITABLE_BY_OTHERS) !== 0)
    chmodSync(path, mode & 0o7777 & ~WRITABLE_BY_OTHERS);
}

/** @returns 32 fresh bytes in base64 */
export const newMasterKey = () => randomBytes(32).toString('base64');
