import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { all, CannotRun, type Experiment, measured } from '../experiment.ts';
import { everyAssertionHasItsRow, everyProcessLives, onlyUnavailable, recoversBy, recovery } from '../stage/books.ts';
import { startLoad } from '../stage/load.ts';
import { withStage } from '../stage/stage.ts';

const SIZE = '192m';
const CHUNK = Buffer.alloc(64 * 1024, 'x');
/** Long enough for everything that PostgreSQL had reserved to be used up. */
const FULL_MS = 15_000;

/** Mounts a small file system. @throws CannotRun */
function mountSmall(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-small-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    throw new CannotRun(`no small file system can be mounted here: ${stderr?.trim() || 'mount is missing'}`);
  }
  return {
    folder,
    remove() {
      // Lazily: a server that is just ending may still have it open.
      spawnSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes until there is no space. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = CHUNK.length; size >= 1; ) {
      try {
        writeSync(file, CHUNK, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

export const fullDisk: Experiment = {
  name: 'full-disk',
  purpose: 'the disk of the embedded database is full for a while, under sign-ons',
  databases: ['embedded'],
  async run({ database }) {
    const small = mountSmall();
    process.once('exit', small.remove);
    try {
      return await withStage(database, { dataDir: join(small.folder, 'data') }, async (stage) => {
        const load = startLoad(stage);
        await load.more(50);
        const filler = join(small.folder, 'filler');
        fill(filler);
        await pause(FULL_MS);
        rmSync(filler);
        const seconds = await recovery(stage, stage.instances, performance.now());
        await load.more(50);
        await load.stop();
        const refused = load.signOns.filter(({ answer }) => answer === '503').length;
        return [
          // Otherwise there was space left.
          all('full disks that sign-ons noticed', refused > 0 ? 1 : 0, 1),
          measured('sign-ons answered with 503', refused, `of ${load.signOns.length}`),
          onlyUnavailable(load),
          recoversBy('signs on and is ready once there is space', seconds),
          await everyAssertionHasItsRow(stage, load.received()),
          everyProcessLives(stage),
        ];
      });
    } finally {
      process.off('exit', small.remove);
      small.remove();
    }
  },
};
