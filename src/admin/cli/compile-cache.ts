import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * The folder of the cache: code in it is run, so it must be this user's alone. Node's own default is a folder in /tmp,
 * which another user could make first.
 */
function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const caches =
    XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(caches, 'ic-idp', 'code');
}

/** Says whether a folder belongs to this user, and only this user can write to it. */
function isPrivate(folder: string, user: number): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === user && (found.mode & 0o022) === 0;
}

/**
 * Says whether only this user and root can put another folder in the place of this one. As root with the HOME of
 * another user (sudo -E) that is not so.
 */
function isUnderOwnFolders(folder: string, user: number): boolean {
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
 * Has Node keep compiled code between calls, which makes a command start in half the time. Without a home folder that only
 * this user can write to, commands work as before.
 */
export function cacheCompiledCode(): void {
  // NODE_COMPILE_CACHE names a folder itself, and the other one turns the cache off.
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  try {
    const folder = cacheFolder();
    // Windows keeps a user's profile to that user.
    const user = process.getuid?.();
    if (user !== undefined && !isUnderOwnFolders(dirname(folder), user)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (user === undefined || isPrivate(folder, user)) enableCompileCache(folder);
  } catch {
    // A read-only file system, or no home: nothing is cached.
  }
}
