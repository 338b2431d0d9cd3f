// @ts-check
// JavaScript, for the reason that ic-idp.js gives.
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * The cache folder: its code is executed, so it must belong to this user only. Node's default is a folder in /tmp,
 * which another user could create first.
 */
function cacheFolder() {
  const { XDG_CACHE_HOME } = process.env;
  const caches =
    XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(caches, 'ic-idp', 'code');
}

/**
 * Whether a folder belongs to this user and only this user can write to it.
 *
 * @param {string} folder
 * @param {number} user
 */
function isPrivate(folder, user) {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === user && (found.mode & 0o022) === 0;
}

/**
 * Whether only this user and root can replace the folder by another one. Root with another user's HOME (`sudo -E`) has no
 * such folder there.
 *
 * @param {string} folder
 * @param {number} user
 */
function isUnderOwnFolders(folder, user) {
  for (let path = folder; ; path = dirname(path)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined) {
      const owners = [found.uid, lstatSync(path).uid];
      if (!owners.every((owner) => owner === user || owner === 0)) return false;
      // In a sticky folder, such as /tmp, only the owner of an entry can rename it.
      if ((found.mode & 0o002) !== 0 && (found.mode & 0o1000) === 0) return false;
    }
    if (path === dirname(path)) return true;
  }
}

/**
 * Makes Node cache compiled code between calls, which halves the startup time of a command. Without a home folder that only
 * this user can write to, commands work without a cache.
 */
export function cacheCompiledCode() {
  // The user has chosen a folder, or disabled the cache.
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  try {
    const folder = cacheFolder();
    // On Windows, a user's profile is private to that user.
    const user = process.getuid?.();
    if (user !== undefined && !isUnderOwnFolders(dirname(folder), user)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (user === undefined || isPrivate(folder, user)) enableCompileCache(folder);
  } catch {
    // A read-only file system, or no home: nothing is cached.
  }
}
