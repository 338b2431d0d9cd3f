import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The cache folder: its code is executed, so it must belong to this user only. Node's default is a folder in /tmp,
 * which another user could create first.
 */
function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const caches =
    XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
  return join(caches, 'ic-idp', 'code');
}

/** Whether a folder belongs to this user and only this user can write to it. */
function isPrivate(folder: string): boolean {
  const found = lstatSync(folder);
  if (!found.isDirectory()) return false;
  // On Windows, a user's profile is private to that user.
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}

/**
 * Makes Node cache compiled code between calls, which halves the startup time of a command. Without a writable home
 * folder, commands work without a cache.
 */
export function cacheCompiledCode(): void {
  // The user has chosen a folder, or disabled the cache.
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  try {
    const folder = cacheFolder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isPrivate(folder)) enableCompileCache(folder);
  } catch {
    // A read-only file system, or no home: nothing is cached.
  }
}
