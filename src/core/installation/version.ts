import { readFileSync } from 'node:fs';
import type { Db } from '../../platform/database/database.ts';
import { readFact, writeFact } from '../secrets/store.ts';

const VERSION = 'version';

/** The version of this program, as package.json has it. */
export const programVersion: string = (
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Records which version the installation runs. @returns the one before, if it was another */
export async function noteVersion(db: Db): Promise<string | undefined> {
  const before = await readFact(db, VERSION);
  if (before === programVersion) return undefined;
  await writeFact(db, VERSION, programVersion);
  return before;
}
