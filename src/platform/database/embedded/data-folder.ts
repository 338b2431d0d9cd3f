import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { mayOwnDataFolder, type ServerUser } from './server-user.ts';

/** PostgreSQL's data folder in DATA_DIR, after its owner and mode were checked. It holds the socket and the password too. */
export interface DataFolder {
  /** The path to show to people. */
  readonly path: string;
  /**
   * The path for system calls. On Linux it leads through an open descriptor: it names the folder that was checked even if
   * somebody renames it meanwhile, and it is short enough for the address of a socket (sun_path holds 108 bytes).
   */
  readonly anchor: string;
  /** The owner, for `spawn`: empty where it is the user of this process. */
  readonly user: ServerUser;
  readonly device: number;
  readonly inode: number;
  close(): void;
}

const FOLDER = 'postgresql';
const PASSWORD_FILE = 'pgpass';
const OTHERS = 0o077;

/** @returns where PostgreSQL's data folder is, as an absolute path */
export const dataFolderPath = (dataDir: string) => resolve(dataDir, FOLDER);

export const passwordFilePath = (folder: Pick<DataFolder, 'anchor'>) => join(folder.anchor, PASSWORD_FILE);

function checkOwner(stats: Stats, path: string, dataDir: string): void {
  if (process.getuid === undefined) return;
  if (!mayOwnDataFolder(stats.uid, dataDir)) {
    throw new InputError(
      `The database folder ${path} belongs to the user with the id ${stats.uid}, who is not the one that this installation runs its database as. Run as the user who made it, or give the folder back with chown -R.`,
    );
  }
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new InputError(
      `The database folder ${path} is open to other users (mode ${mode}). Check that its content was not changed, then run: chmod 700 ${path}`,
    );
  }
}

/** @throws InputError where the path is no folder, or not ours alone */
export function openFolder(path: string, dataDir: string, check = checkOwner): DataFolder {
  const linux = process.platform === 'linux';
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const descriptor = linux ? openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : undefined;
  try {
    const stats = descriptor === undefined ? lstatSync(path) : fstatSync(descriptor);
    check(stats, path, dataDir);
    const { uid, gid, dev: device, ino: inode } = stats;
    return {
      path,
      anchor: descriptor === undefined ? path : `/proc/self/fd/${descriptor}`,
      user: process.getuid?.() === 0 ? { uid, gid } : {},
      device,
      inode,
      close: () => descriptor !== undefined && closeSync(descriptor),
    };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw error;
  }
}

/**
 * Opens PostgreSQL's data folder in DATA_DIR.
 *
 * @returns undefined where there is none yet
 * @throws InputError where it is no folder, or not ours alone
 */
export function openDataFolder(dataDir: string): DataFolder | undefined {
  const path = dataFolderPath(dataDir);
  try {
    return openFolder(path, dataDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR' || code === 'ELOOP') throw new InputError(`${path} must be a folder, not a file or a link.`);
    if (code === 'EACCES') {
      throw new InputError(
        `The database folder ${path} can't be entered: it belongs to another user. Run as the user who made it.`,
      );
    }
    throw error;
  }
}

/**
 * Reads the password of the service's role. The file has the form of libpq's password file, so that `pg_dump` can use it.
 *
 * @throws InputError where it is missing or open to others
 */
export function readPassword(folder: DataFolder): string {
  const shown = join(folder.path, PASSWORD_FILE);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(passwordFilePath(folder), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const { mode } = fstatSync(descriptor);
    if (process.getuid !== undefined && (mode & OTHERS) !== 0) {
      throw new InputError(`The password file ${shown} is open to other users. Run: chmod 600 ${shown}`);
    }
    const password = readFileSync(descriptor, 'utf8').trim().split(':').at(-1) ?? '';
    if (password === '') throw new InputError(`The password file ${shown} is empty. Restore it from the backup.`);
    return password;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `The password file ${shown} can't be read: ${(error as Error).message}. Restore it from the backup.`,
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** @returns the major version of the PostgreSQL that wrote the folder */
export function dataVersion(folder: DataFolder): string {
  return readFileSync(join(folder.anchor, 'PG_VERSION'), 'utf8').trim();
}
