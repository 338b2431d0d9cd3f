import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { inject } from 'vitest';

/**
 * Lays an empty embedded database into a folder, as PGlite makes it on a first start: tables come with the migrations.
 *
 * Making one takes seconds, copying it does not. So the first test that wants one makes it for all of a run.
 *
 * @param dataDir DATA_DIR of an installation; made if it is not there
 */
export async function layEmbeddedDatabase(dataDir: string): Promise<void> {
  const template = join(inject('templates'), 'pglite');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const copy = () => cp(template, join(dataDir, 'pglite'), { recursive: true, errorOnExist: true, force: false });
  try {
    await copy();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeTemplate(template);
    await copy();
  }
}

/** Several test files may make it at the same time: one gets its place, and the others use that. */
async function makeTemplate(template: string): Promise<void> {
  const own = await mkdtemp(`${template}-`);
  const database = await PGlite.create({ dataDir: own });
  await database.close();
  try {
    await rename(own, template);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(own, { recursive: true });
  }
}
