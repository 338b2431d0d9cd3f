import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataFolderPath,
  openDataFolder,
  readPassword,
} from '../../../../src/platform/database/embedded/data-folder.ts';
import { chooseServerUser, mayOwnDataFolder } from '../../../../src/platform/database/embedded/server-user.ts';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';

let dataDir: string;
let folder: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  // Open to everyone, as an existing DATA_DIR may be.
  chmodSync(dataDir, 0o777);
  folder = dataFolderPath(dataDir);
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** Creates a data folder as the server's user would, with a password file in it. */
function lay(mode = 0o700): void {
  mkdirSync(folder);
  writeFileSync(join(folder, 'pgpass'), '*:*:ic_idp:ic_idp:secret\n', { mode: 0o600 });
  const { uid, gid } = chooseServerUser(dataDir);
  if (uid !== undefined && gid !== undefined)
    for (const path of [join(folder, 'pgpass'), folder]) chownSync(path, uid, gid);
  chmodSync(folder, mode);
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('it was trusted');
}

describe('a data folder', () => {
  test('that only we have access to is trusted', () => {
    expect(openDataFolder(dataDir)).toBeUndefined();
    lay();
    const opened = openDataFolder(dataDir);
    expect(opened?.path).toBe(folder);
    expect(opened && readPassword(opened)).toBe('secret');
    opened?.close();
  });

  test('that others can write to or read is not', () => {
    lay(0o777);
    expect(refusal(() => openDataFolder(dataDir))).toBe(
      `The database folder ${folder} is open to other users (mode 0777). Check that its contents were not changed, then run: chmod 700 ${folder}`,
    );
    chmodSync(folder, 0o750);
    expect(refusal(() => openDataFolder(dataDir))).toContain('(mode 0750)');
  });

  test('that is a link or a file is not', () => {
    const elsewhere = join(dataDir, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, folder);
    const sentence = `${folder} must be a folder, not a file or a link.`;
    expect(refusal(() => openDataFolder(dataDir))).toBe(sentence);
    rmSync(folder);
    writeFileSync(folder, '');
    expect(refusal(() => openDataFolder(dataDir))).toBe(sentence);
  });

  test('stays the folder that was checked if another one replaces it', () => {
    lay();
    const opened = openDataFolder(dataDir);
    rmSync(folder, { recursive: true });
    lay();
    writeFileSync(join(folder, 'pgpass'), '*:*:ic_idp:ic_idp:planted\n');
    expect(refusal(() => opened && readPassword(opened))).toContain('ENOENT');
    opened?.close();
  });

  test('with a password file that others can read is not trusted', () => {
    lay();
    chmodSync(join(folder, 'pgpass'), 0o644);
    const opened = openDataFolder(dataDir);
    expect(refusal(() => opened && readPassword(opened))).toBe(
      `The password file ${folder}/pgpass is open to other users. Run: chmod 600 ${folder}/pgpass`,
    );
    opened?.close();
  });
});

test('a data folder may belong, for root, to the user that it chose or the owner of DATA_DIR, and for anyone else only to that user', () => {
  const self = process.getuid?.() ?? 0;
  const stranger = 1_234;
  expect(mayOwnDataFolder(stranger, dataDir)).toBe(false);
  expect(mayOwnDataFolder(65_534, dataDir)).toBe(self === 65_534);
  expect(mayOwnDataFolder(0, dataDir)).toBe(false);
  if (self !== 0) {
    expect(mayOwnDataFolder(self, dataDir)).toBe(true);
    return;
  }
  expect(mayOwnDataFolder(chooseServerUser(dataDir).uid ?? 0, dataDir)).toBe(true);
  chownSync(dataDir, stranger, stranger);
  expect(chooseServerUser(dataDir)).toEqual({ uid: stranger, gid: stranger });
  expect(mayOwnDataFolder(stranger, dataDir)).toBe(true);
});
