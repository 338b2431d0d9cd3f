import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

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
function isPrivate(folder: string): boolean {
  const found = lstatSync(folder);
  if (!found.isDirectory()) return false;
  // Windows keeps a user's profile to that user.
  return process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
}

/**
 * Has Node keep compiled code between calls, which makes a command start in half the time. Without a home folder that can
 * be written to, commands work as before.
 */
export function cacheCompiledCode(): void {
  // Whoever runs the command has chosen a folder, or none.
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  try {
    const folder = cacheFolder();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isPrivate(folder)) enableCompileCache(folder);
  } catch {
    // A read-only file system, or no home: nothing is cached.
  }
}
