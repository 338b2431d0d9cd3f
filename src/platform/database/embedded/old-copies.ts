import { lstatSync, readdirSync, readlinkSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const COPY = /^postgresql-[0-9a-f]{16}(\.new-\w+)?$/;
/** Another process may be making a copy, or may have found one that it is about to run. */
const UNUSED_FOR_MS = 24 * 60 * 60_000;

/** @returns the program files that processes on this machine run; undefined if the system can't tell (not Linux) */
function runningPrograms(): string[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/exe`)];
      } catch {
        // It has ended, or is a thread of the kernel.
        return [];
      }
    });
}

/** Notes that a copy is in use, for `removeOldCopies`. */
export function markUsed(copy: string): void {
  const now = new Date();
  utimesSync(copy, now, now);
}

/**
 * Removes copies of PostgreSQL's programs that no process runs and that no start has used for a day, such as those of
 * earlier versions, and what processes that were killed while copying have left.
 *
 * @param cache a folder that only root can write to
 * @param used the copy to keep
 */
export function removeOldCopies(cache: string, used: string): void {
  const old = readdirSync(cache)
    .filter((name) => COPY.test(name))
    .map((name) => join(cache, name))
    .filter((path) => {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return path !== used && stats !== undefined && Date.now() - stats.mtimeMs > UNUSED_FOR_MS;
    });
  if (old.length === 0) return;
  const running = runningPrograms();
  if (running === undefined) return;
  for (const path of old) {
    if (running.some((program) => program.startsWith(`${path}/`))) continue;
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // Another process is removing it, too. If anything is left, the next start tries again.
    }
  }
}
