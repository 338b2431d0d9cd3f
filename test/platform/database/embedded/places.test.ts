import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbeddedServer } from '../../../../src/platform/database/embedded/embedded-server.ts';
import { copyPrograms } from '../../../../src/platform/database/embedded/program-copy.ts';
import { findPrograms, makeExecutable } from '../../../../src/platform/database/embedded/programs.ts';
import { runProgram } from '../../../../src/platform/database/embedded/run-program.ts';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { ask, makeDataDir, pidOfServer, startUserProcess } from '../../../support/postgres/embedded-server.ts';

const SLOW = 120_000;
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let dataDir: string;
let remove: () => Promise<void>;

beforeEach(async () => ({ dataDir, remove } = await makeDataDir()));
afterEach(() => remove());

test('works in a DATA_DIR of any depth and name, in a folder that only its owner can enter', {
  timeout: SLOW,
}, async () => {
  // Too long for a socket address, and with characters that are special in a URL or a shell.
  const deep = join(dataDir, 'a name with % ? # & and "quotes"', 'd'.repeat(120));
  mkdirSync(deep, { recursive: true });
  chmodSync(dataDir, 0o700);
  const server = await openEmbeddedServer(deep);
  try {
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await ask(server.url, 'create table t as select generate_series(1, 1000)');
    await ask(server.url, 'vacuum analyze t');
  } finally {
    await server.release();
  }
  expect(pidOfServer(deep)).toBeUndefined();
});

test('reports a DATA_DIR that is no folder and can’t be made one, with what to do', async () => {
  const file = `${dataDir}-file`;
  appendFileSync(file, '');
  // In /proc nothing can be made, not even by root.
  for (const path of [file, join(file, 'below'), '/proc/nowhere', '/proc/nowhere/below']) {
    const failure = await openEmbeddedServer(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(
      /^DATA_DIR \S+ can't be used: E\w+: .+\. It must be a folder that this user can write to/,
    );
    expect((failure as Error).message).toContain(path);
  }
});

test('reports a server that can’t start with the end of its log, and leaves nothing running', {
  timeout: SLOW,
}, async () => {
  await (await openEmbeddedServer(dataDir)).release();
  appendFileSync(join(dataFolderPath(dataDir), 'postgresql.conf'), '\nno_such_setting = 1\n');
  const failure = await openEmbeddedServer(dataDir).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InputError);
  expect((failure as Error).message).toMatch(/^The embedded database in \S+ did not start\. The end of its log/);
  expect((failure as Error).message).toContain('unrecognized configuration parameter "no_such_setting"');
  expect(pidOfServer(dataDir)).toBeUndefined();
});

test('refuses a database from another PostgreSQL version, and says how to migrate it', { timeout: SLOW }, async () => {
  await (await openEmbeddedServer(dataDir)).release();
  writeFileSync(join(dataFolderPath(dataDir), 'PG_VERSION'), '17\n');
  await expect(openEmbeddedServer(dataDir)).rejects.toThrow(
    /created by PostgreSQL 17; .* includes PostgreSQL 18\. .*pg_dump/,
  );
});

test('an ordinary user has their own database, which root may use too', { timeout: SLOW }, async () => {
  mkdirSync(dataDir, { recursive: true });
  if (isRoot) for (const path of [dataDir, dirname(dataDir)]) chownSync(path, NOBODY, NOBODY);
  const user = startUserProcess(dataDir, { owner: isRoot ? { uid: NOBODY, gid: NOBODY } : {} });
  try {
    await user.ready;
    expect(lstatSync(dataFolderPath(dataDir)).uid).toBe(lstatSync(dataDir).uid);
    const beside = await openEmbeddedServer(dataDir);
    expect(await ask(beside.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    user.release();
    expect(await user.ended).toBe(0);
    // The last user is root here, which stops another user's server.
    await beside.release();
    expect(pidOfServer(dataDir)).toBeUndefined();
  } finally {
    user.kill('SIGKILL');
  }
});

test('reports a program that can’t be made executable, with what to do', () => {
  // The kernel lets no one, not even root, change the mode of this file.
  const program = '/proc/self/cmdline';
  expect(() => makeExecutable(program)).toThrow(InputError);
  expect(() => makeExecutable(program)).toThrow(
    /^PostgreSQL's program \/proc\/self\/cmdline is not executable for this user, .*EPERM.*\. Run npm ci as the user who/,
  );
});

describe('PostgreSQL’s programs', () => {
  let hidden: string;
  beforeEach(async () => {
    // Like a project in /root: only the owner has access to the programs.
    hidden = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
    const { postgres } = await findPrograms({});
    cpSync(dirname(dirname(postgres)), join(hidden, 'native'), { recursive: true, verbatimSymlinks: true });
  });
  afterEach(() => rmSync(hidden, { recursive: true, force: true }));

  test('are copied once to a folder where every user can run them and only root can change them', {
    timeout: SLOW,
  }, async () => {
    const native = join(hidden, 'native');
    const open = mkdtempSync(join(tmpdir(), 'ic-idp-cache-'));
    const cache = join(open, 'cache');
    chmodSync(open, 0o755);
    try {
      if (!isRoot) {
        // Only root needs the copy: an ordinary user's server runs as that user. A copy made by anyone else is not
        // trusted.
        expect(() => copyPrograms(native, [cache])).toThrow(/must belong to root/);
        return;
      }
      const elsewhere = { uid: NOBODY, gid: NOBODY, cwd: '/' };
      expect((await runProgram(join(native, 'bin', 'postgres'), ['--version'], elsewhere)).ok).toBe(false);
      const copy = copyPrograms(native, [cache]);
      const postgres = join(copy, 'bin', 'postgres');
      expect(await runProgram(postgres, ['--version'], elsewhere)).toMatchObject({ ok: true });
      expect(lstatSync(postgres)).toMatchObject({ uid: 0, mode: 0o100755 });
      const made = lstatSync(copy).ino;
      expect(copyPrograms(native, [cache])).toBe(copy);
      expect(lstatSync(copy).ino).toBe(made);

      // Changed content, a file that others can write to, another user's folder: none is trusted.
      const content = readFileSync(postgres);
      writeFileSync(postgres, content.subarray(0, -1));
      expect(() => copyPrograms(native, [cache])).toThrow(/was modified\. Remove that folder/);
      writeFileSync(postgres, content);
      expect(copyPrograms(native, [cache])).toBe(copy);

      // A library of the same size with other content.
      const library = join(copy, 'lib', 'postgresql', 'plpgsql.so');
      const code = readFileSync(library);
      const changed = Buffer.from(code);
      changed.writeUInt8(code.readUInt8(1_000) ^ 1, 1_000);
      writeFileSync(library, changed);
      expect(() => copyPrograms(native, [cache])).toThrow(/was modified\. Remove that folder/);
      writeFileSync(library, code);
      writeFileSync(postgres, content);
      chmodSync(postgres, 0o777);
      expect(() => copyPrograms(native, [cache])).toThrow(/was modified\. Remove that folder/);
      chmodSync(postgres, 0o755);
      chownSync(cache, NOBODY, NOBODY);
      expect(() => copyPrograms(native, [cache])).toThrow(/must belong to root/);
    } finally {
      rmSync(open, { recursive: true, force: true });
    }
  });
});
