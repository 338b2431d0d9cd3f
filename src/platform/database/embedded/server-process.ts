import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.ts';

/** The contents of postmaster.pid, whether or not its server is still running (see PostgreSQL's pidfile.h). */
export interface PidFile {
  readonly pid: number;
  readonly port: number | undefined;
  /** The server accepts connections. */
  readonly ready: boolean;
}

const PID_LINE = 0;
const PORT_LINE = 3;
const STATUS_LINE = 7;

/** @returns undefined if the file does not exist or is being written */
export function readPidFile(folder: DataFolder): PidFile | undefined {
  try {
    const lines = readFileSync(join(folder.anchor, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[PID_LINE]), Number(lines[PORT_LINE])];
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    const ready = lines[STATUS_LINE]?.trim() === 'ready';
    return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined, ready };
  } catch {
    return undefined;
  }
}

/** A server's working directory is its data folder: checks that of the process on Linux; elsewhere always true. */
function worksIn({ device, inode }: DataFolder, pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const { dev, ino } = statSync(`/proc/${pid}/cwd`);
    return dev === device && ino === inode;
  } catch {
    // Gone, a zombie, or another user's process.
    return false;
  }
}

/**
 * Whether a process is alive and is a server on the folder; on Linux, a reused process ID is never mistaken for one.
 */
export function isServer(folder: DataFolder, pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return worksIn(folder, pid);
}

/** @returns the process ID of the folder's server, even while it is starting or stopping */
export function serverPid(folder: DataFolder): number | undefined {
  const pid = readPidFile(folder)?.pid;
  return pid !== undefined && isServer(folder, pid) ? pid : undefined;
}
