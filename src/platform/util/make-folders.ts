import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own `recursive` loops forever where the parent is there and
 * the system still answers ENOENT, as in /proc.
 *
 * @param mode of the folders that are made, whatever the umask
 * @throws what the system answers if one of them can't be made, or is no folder
 */
export function makeFolders(path: string, mode: number): void {
  const failure = attempt(path, mode);
  if (failure === undefined) return;
  if (failure.code !== 'ENOENT') throw failure;
  makeFolders(dirname(path), mode);
  const last = attempt(path, mode);
  if (last !== undefined) throw last;
}

/** @returns why there is no folder now */
function attempt(path: string, mode: number): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return error as NodeJS.ErrnoException;
  }
  return undefined;
}
