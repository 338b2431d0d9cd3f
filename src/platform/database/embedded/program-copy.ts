import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { markUsed, removeOldCopies } from './old-copies.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

interface Entry {
  readonly path: string;
  readonly kind: 'folder' | 'link' | 'file';
}

/** Lists the files that the programs need, without the static libraries. */
function list(folder: string): Entry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(({ name }) => !name.endsWith('.a'))
    .map((entry) => ({
      path: join(entry.parentPath, entry.name).slice(folder.length + 1),
      kind: entry.isDirectory() ? ('folder' as const) : entry.isSymbolicLink() ? ('link' as const) : ('file' as const),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A hash of all paths and contents, 57 MB in total. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const { path, kind } of list(folder)) {
    const from = join(folder, path);
    const content = kind === 'file' ? readFileSync(from) : kind === 'link' ? readlinkSync(from) : '';
    hash.update(`${path}\n${kind}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Whether only root can change a file, so that only root can have written it. */
function isRootsAlone(path: string): boolean {
  const { uid, mode } = lstatSync(path);
  return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0;
}

/** Creates a folder that belongs to root and that only root can change or replace. @throws InputError */
function openCache(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const parent = lstatSync(dirname(path));
  const safeParent = parent.uid === 0 && ((parent.mode & WRITABLE_BY_OTHERS) === 0 || (parent.mode & STICKY) !== 0);
  if (!safeParent || !lstatSync(path).isDirectory() || !isRootsAlone(path)) {
    throw new InputError(`The folder ${path} must belong to root, and only root may be able to write to it.`);
  }
  chmodSync(path, 0o755);
}

function copyFile(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, (lstatSync(from).mode & 0o111) === 0 ? 0o644 : 0o755);
  const descriptor = openSync(to, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Copies into a new folder and renames that, so that a copy is either complete or absent. */
function copyInto(native: string, target: string): void {
  const fresh = mkdtempSync(`${target}.new-`);
  try {
    for (const { path, kind } of list(native)) {
      const [from, to] = [join(native, path), join(fresh, path)];
      if (kind === 'folder') {
        mkdirSync(to);
        chmodSync(to, 0o755);
      } else if (kind === 'link') symlinkSync(readlinkSync(from), to);
      else copyFile(from, to);
    }
    chmodSync(fresh, 0o755);
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    // Another process was faster.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

function ensureCopy(native: string, cache: string): string {
  openCache(cache);
  const name = fingerprint(native);
  const target = join(cache, `postgresql-${name}`);
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) copyInto(native, target);
  const foreign =
    !isRootsAlone(target) ||
    list(target).some(({ path, kind }) => kind !== 'link' && !isRootsAlone(join(target, path)));
  if (foreign || fingerprint(target) !== name) {
    throw new InputError(
      `The copy of PostgreSQL in ${target} was modified. Remove that folder; it will be created again.`,
    );
  }
  markUsed(target);
  removeOldCopies(cache, target);
  return target;
}

/**
 * Copies PostgreSQL's programs to a folder that belongs to root and that everyone can read; later calls reuse the copy.
 * Removes copies that are no longer used. Called only as root.
 *
 * @returns the folder with `bin`, `lib` and `share`
 * @throws InputError if there can be no such folder
 */
export function copyPrograms(native: string, caches = ['/var/cache/ic-idp', join(tmpdir(), 'ic-idp-cache')]): string {
  let failure: unknown;
  for (const cache of caches) {
    try {
      return ensureCopy(native, cache);
    } catch (error) {
      failure = error;
    }
  }
  throw new InputError(
    `PostgreSQL's programs can't be copied to where an unprivileged user can run them: ${(failure as Error).message} Move the project out of a folder that only root can enter, run the service as an ordinary user, or set DATABASE_URL.`,
    { cause: failure },
  );
}
