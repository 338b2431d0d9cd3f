import { join } from 'node:path';
import { inject } from 'vitest';
import { copyEmbeddedDatabase, makeTemplate } from './embedded-server.ts';

/**
 * Lays an empty embedded database into a folder, as `initdb` makes it at a first start: tables come with the
 * migrations.
 *
 * Creating one takes seconds, copying does not. So the first test that needs one creates it for the whole run.
 *
 * @param dataDir DATA_DIR of an installation; made if it is not there
 */
export async function layEmbeddedDatabase(dataDir: string): Promise<void> {
  const template = join(inject('templates'), 'embedded');
  // Several test files may create it at the same time: the first one wins.
  await makeTemplate(template);
  await copyEmbeddedDatabase(template, dataDir);
}
