import { existsSync, readFileSync, rmSync } from 'node:fs';
import { operate } from '../src/admin/cli/operate.ts';
import { writePrivateFile } from '../src/platform/files/private-files.ts';

/** The ID of a key is a part of it: see core/api-keys/key-text.ts. */
const isThere = async (biller: string, key: string) =>
  (await operate('api-key.list', { biller })).some(({ id, state }) => state === 'valid' && key.includes(id));

/** Gives the portal kit an API key, unless the file has one that is valid. */
export async function givePortalKey(biller: string, file: string): Promise<void> {
  if (existsSync(file) && (await isThere(biller, readFileSync(file, 'utf8').trim()))) return;
  const { key } = await operate('api-key.add', { biller, role: 'portal' });
  rmSync(file, { force: true });
  writePrivateFile(file, `${key}\n`);
}
