import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.ts';

const MAX_BYTES = 1_000_000;
const LAST_LINES = 6;
const LAST_BYTES = 8_000;

const logPath = (folder: DataFolder) => join(folder.anchor, 'server.log');

/** @returns the size of the log, in bytes; 0 if there is none, or if the next start will empty it */
export function logSize(folder: DataFolder): number {
  const size = statSync(logPath(folder), { throwIfNoEntry: false })?.size ?? 0;
  return size > MAX_BYTES ? 0 : size;
}

/**
 * Opens the server's log for appending, and empties it first if it has grown large. Only starts, stops and crashes
 * are logged.
 *
 * @returns a file descriptor, for the caller to close
 */
export function openLog(folder: DataFolder): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  const log = openSync(logPath(folder), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  fchmodSync(log, 0o600);
  const { uid, gid } = folder.user;
  if (uid !== undefined && gid !== undefined) fchownSync(log, uid, gid);
  if (fstatSync(log).size > MAX_BYTES) ftruncateSync(log);
  return log;
}

/** @param size of the log earlier, in bytes @returns the last lines written since then */
export function linesSince(folder: DataFolder, size: number): string {
  const log = openSync(logPath(folder), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const end = fstatSync(log).size;
    const buffer = Buffer.alloc(LAST_BYTES);
    const from = Math.max(size, end - LAST_BYTES);
    const length = readSync(log, buffer, 0, LAST_BYTES, from);
    return buffer.toString('utf8', 0, length).trim().split('\n').slice(-LAST_LINES).join('\n');
  } finally {
    closeSync(log);
  }
}
