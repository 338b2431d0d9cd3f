import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { embeddedMasterKeyFile, newMasterKey } from '../../src/core/secrets/master-key-source.ts';
import { openEmbedded } from '../../src/platform/database/open.ts';
import { workingFolder } from '../support/programs/cli.ts';

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test('the embedded database is the owner’s alone, also in a DATA_DIR that was there before and is open to all', async () => {
  const { folder, remove } = workingFolder();
  try {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    const database = await openEmbedded(dataDir);
    await database.close();
    // Nobody else can enter it, so they read and write nothing in it, whatever the modes of its files.
    expect(modeOf(join(dataDir, 'postgresql'))).toBe('700');
  } finally {
    remove();
  }
});

test('a rotated master key is readable only by its owner, no matter which file was there before', () => {
  const { folder, remove } = workingFolder();
  try {
    const path = join(folder, 'certs', 'master.key');
    const file = embeddedMasterKeyFile(path);
    expect(modeOf(path)).toBe('600');
    // Left behind by an interrupted rotation, or planted by someone who wants to read the new key.
    writeFileSync(`${path}.new`, '', { mode: 0o666 });
    chmodSync(`${path}.new`, 0o666);
    const keys = [newMasterKey(), ...file.read()];
    file.write(keys);
    expect(modeOf(path)).toBe('600');
    expect(readFileSync(path, 'utf8')).toBe(`${keys.join('\n')}\n`);
  } finally {
    remove();
  }
});
