import { chmodSync, mkdtempSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type DataFolder, openFolder } from './data-folder.ts';
import { removeSeized } from './seized-folder.ts';
import { initdbUser, mayOwnDataFolder } from './server-user.ts';

const PREFIX = 'postgresql.new-';
const LEFTOVER = /^postgresql\.new-(\d+)-/;

/** Creates a temporary folder in DATA_DIR. Its name says which process is at work in it. */
export function makeTemporaryFolder(dataDir: string): DataFolder {
  const path = mkdtempSync(join(dataDir, `${PREFIX}${process.pid}-`));
  chmodSync(path, 0o700);
  return openFolder(path, dataDir, () => undefined);
}

/** In a DATA_DIR that others can write to, anyone may create a folder with such a name. */
function checkMaker({ uid }: Stats, path: string, dataDir: string): void {
  const self = process.getuid?.();
  if (uid === self || mayOwnDataFolder(uid, dataDir) || (self === 0 && uid === initdbUser().uid)) return;
  throw new Error(`${path} was created by another user.`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes the temporary folders of processes that were killed while creating a data folder in DATA_DIR. */
export function removeLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    const pid = Number(LEFTOVER.exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      const folder = openFolder(join(dataDir, name), dataDir, checkMaker);
      try {
        removeSeized(folder);
      } finally {
        folder.close();
      }
    } catch {
      // Its initdb has not noticed yet and is still writing, or it is another user's or not a folder. The next start
      // tries again.
    }
  }
}
