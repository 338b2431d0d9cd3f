import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { mayOwnDataFolder, type ServerUser } from './server-user.ts';

/** PostgreSQL's data folder in DATA_DIR, with owner and mode checked. It also holds the socket and the password. */
export interface DataFolder {
  /** The path to display. */
  readonly path: string;
  /**
   * The path for system calls. On Linux it goes through an open descriptor: it names the folder that was checked even
   * if that is renamed in the meantime, and it is short enough for a socket address (sun_path holds 108 bytes).
   */
  readonly anchor: string;
  /** The owner, for `spawn`: empty if it is this process's user. */
  readonly user: ServerUser;
  /** The owner's user ID. */
  readonly owner: number;
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
      `The database folder ${path} belongs to user ID ${stats.uid}, but this installation runs its database as another user. Run as the user who created it, or restore its owner with chown -R.`,
    );
  }
  if ((stats.mode & OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw new InputError(
      `The database folder ${path} is open to other users (mode ${mode}). Check that its contents were not changed, then run: chmod 700 ${path}`,
    );
  }
}

/** @throws InputError if the path is not a folder, or others have access to it */
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
      owner: uid,
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
 * @returns undefined if it does not exist yet
 * @throws InputError if it is not a folder, or others have access to it
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
        `The database folder ${path} can't be opened: it belongs to another user. Run as the user who created it.`,
      );
    }
    throw error;
  }
}

/**
 * Reads the password of the service's role. The file has libpq's password file format, so that `pg_dump` can use it.
 *
 * @throws InputError if it is missing or open to others
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

/** The server's socket. Its folder is the only one that the service connects to, and belongs to the server's user alone. */
const socketPath = (folder: Pick<DataFolder, 'anchor'>) => join(folder.anchor, '.s.PGSQL.5432');

/**
 * Refuses a socket that another user made while the folder was open to others, or a link to one elsewhere: its server
 * could ask for the password.
 *
 * @throws InputError
 */
export function requireOwnSocket(folder: DataFolder): void {
  const stats = lstatSync(socketPath(folder), { throwIfNoEntry: false });
  if (stats === undefined || process.getuid === undefined) return;
  const trusted = [folder.owner, process.getuid(), 0];
  if (stats.isSocket() && trusted.includes(stats.uid)) return;
  const shown = join(folder.path, '.s.PGSQL.5432');
  const what = stats.isSocket() ? `belongs to another user (id ${stats.uid})` : 'is not a socket';
  throw new InputError(
    `${shown} ${what}, so the service does not connect to it. Check that nothing else in that folder was changed, then remove it.`,
  );
}

/** @returns the major version of the PostgreSQL that wrote the folder */
export function dataVersion(folder: DataFolder): string {
  return readFileSync(join(folder.anchor, 'PG_VERSION'), 'utf8').trim();
}
