import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BY_GROUP = 0o020;
const BY_EVERYONE = 0o002;
const STICKY = 0o1000;
const PROJECT = fileURLToPath(new URL('../../..', import.meta.url));

/** A way for another user to change or replace a file. */
export interface Exposure {
  /** The file itself, or a folder on the way to it. */
  readonly path: string;
  /** What is wrong with that path, to be put after it. */
  readonly sentence: string;
  /** The command that ends it. */
  readonly remedy: string;
}

function withParents(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withParents(parent)];
}

/** This user, root, and the owner of the project's files, who decides what this process does anyway. */
const isTrusted = (uid: number) => uid === process.getuid?.() || uid === 0 || uid === statSync(PROJECT).uid;

/** A group with the number of its owner is the owner's own, as Linux makes one for each user. */
const isOwnGroup = (gid: number, uid: number) => gid === uid || gid === 0;

function exposureOf(path: string): Exposure | undefined {
  const stats = lstatSync(path);
  const { uid, gid, mode } = stats;
  if (!isTrusted(uid)) {
    const remedy = `Use a file of your own or, once you have checked it, run: chown -h ${process.getuid?.()} ${path}`;
    return { path, sentence: `belongs to another user (id ${uid})`, remedy };
  }
  // In a sticky folder, such as /tmp, only the owner of an entry can replace it. A link has no mode of its own.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (mode & STICKY) !== 0)) return undefined;
  if ((mode & BY_EVERYONE) !== 0) {
    return { path, sentence: 'can be changed by every user', remedy: `Check its content, then run: chmod o-w ${path}` };
  }
  if ((mode & BY_GROUP) !== 0 && !isOwnGroup(gid, uid)) {
    const sentence = `can be changed by its group (id ${gid})`;
    return { path, sentence, remedy: `Check its content, then run: chmod g-w ${path}` };
  }
  return undefined;
}

/**
 * Looks whether another user can change a file or folder, or put another one in its place: by its owner and mode, and by
 * those of every folder above it and, if it is a link, of what it leads to.
 *
 * @returns the first such way; undefined if there is none, on Windows, or if there is no such file
 */
export function findExposure(path: string): Exposure | undefined {
  const absolute = resolve(path);
  if (process.getuid === undefined || !existsSync(absolute)) return undefined;
  for (const part of new Set([...withParents(absolute), ...withParents(realpathSync(absolute))])) {
    const found = exposureOf(part);
    if (found !== undefined) return found;
  }
  return undefined;
}
