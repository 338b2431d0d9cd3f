import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.ts';

/** What postmaster.pid says, whether its server still runs or not (src/include/utils/pidfile.h has its lines). */
export interface PidFile {
  readonly pid: number;
  readonly port: number | undefined;
}

const PID_LINE = 0;
const PORT_LINE = 3;

/** @returns undefined where there is none, or it is being written */
export function readPidFile(folder: DataFolder): PidFile | undefined {
  try {
    const lines = readFileSync(join(folder.anchor, 'postmaster.pid'), 'utf8').split('\n');
    const [pid, port] = [Number(lines[PID_LINE]), Number(lines[PORT_LINE])];
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined };
  } catch {
    return undefined;
  }
}

/** A server works in its data folder. Says whether this process does; elsewhere than on Linux, that it may. */
function worksIn({ device, inode }: DataFolder, pid: number): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const { dev, ino } = statSync(`/proc/${pid}/cwd`);
    return dev === device && ino === inode;
  } catch {
    // Gone, a zombie, or a process of some other user.
    return false;
  }
}

/** Says whether a process lives and is a server on the folder; on Linux never true of a program that got its id since. */
export function isServer(folder: DataFolder, pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return worksIn(folder, pid);
}

/** @returns the process id of the server that runs on the folder, starting and stopping included */
export function serverPid(folder: DataFolder): number | undefined {
  const pid = readPidFile(folder)?.pid;
  return pid !== undefined && isServer(folder, pid) ? pid : undefined;
}
