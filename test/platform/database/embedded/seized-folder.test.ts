import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DataFolder, openFolder } from '../../../../src/platform/database/embedded/data-folder.ts';
import { removeLeftovers } from '../../../../src/platform/database/embedded/leftovers.ts';
import { runProgram } from '../../../../src/platform/database/embedded/run-program.ts';
import { copySeized, removeSeized } from '../../../../src/platform/database/embedded/seized-folder.ts';

const isRoot = process.getuid?.() === 0;
const MAKER = { uid: 65_534, gid: 65_534 };
const OWNER = { uid: 60_578, gid: 60_578 };
const STRANGER = 1_234;

let base: string;
let opened: DataFolder[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
});
afterEach(() => {
  for (const folder of opened) folder.close();
  opened = [];
  rmSync(base, { recursive: true, force: true });
});

function open(name: string): DataFolder {
  const folder = openFolder(join(base, name), base, () => undefined);
  opened.push(folder);
  return folder;
}

/** A folder with a file at the top and one below, all of which belong to `uid`. */
function lay(name: string, uid = MAKER.uid): string {
  const path = join(base, name);
  mkdirSync(join(path, 'below'), { recursive: true });
  for (const file of ['top', 'below/deep']) writeFileSync(join(path, file), 'made');
  // As open as the maker can make it.
  for (const file of ['top', 'below/deep', 'below', '']) {
    chmodSync(join(path, file), 0o777);
    if (isRoot) chownSync(join(path, file), uid, uid);
  }
  return path;
}

// Only root runs initdb as another user.
describe.runIf(isRoot)('what nobody created, copied for the server’s user,', () => {
  test('is out of reach of processes of nobody, even of one that has a file open', () => {
    const source = lay('source');
    const held = openSync(join(source, 'below/deep'), 'r+');
    mkdirSync(join(base, 'target'), { mode: 0o700 });
    copySeized(open('source'), open('target'), MAKER, OWNER);
    writeSync(held, 'late');
    closeSync(held);
    const target = join(base, 'target');
    expect(readFileSync(join(target, 'below/deep'), 'utf8')).toBe('made');
    for (const file of ['top', 'below/deep']) {
      expect(lstatSync(join(target, file))).toMatchObject({ ...OWNER, mode: 0o100600 });
    }
    expect(lstatSync(join(target, 'below'))).toMatchObject({ ...OWNER, mode: 0o040700 });
    // The caller hands over the folder itself last, after it has written its own files.
    expect(lstatSync(target)).toMatchObject({ uid: 0, mode: 0o040700 });
    for (const folder of ['', 'below']) {
      expect(lstatSync(join(source, folder))).toMatchObject({ uid: 0, mode: 0o040700 });
    }
  });

  test.each<[string, (path: string, secret: string) => void]>([
    ['a link', (path, secret) => symlinkSync(secret, path)],
    ['a hard link to a file of root’s', (path, secret) => linkSync(secret, path)],
  ])('holds no file that %s led to', (_what, plant) => {
    const secret = join(base, 'secret');
    writeFileSync(secret, 'secret', { mode: 0o600 });
    plant(join(lay('source'), 'below', 'planted'), secret);
    mkdirSync(join(base, 'target'), { mode: 0o700 });
    expect(() => copySeized(open('source'), open('target'), MAKER, OWNER)).toThrow('planted was not made by initdb.');
    expect(readdirSync(join(base, 'target', 'below'))).not.toContain('planted');
    expect(lstatSync(secret)).toMatchObject({ uid: 0, mode: 0o100600 });
  });
});

test('a folder is removed without following the links in it', () => {
  const outside = lay('outside');
  symlinkSync(outside, join(lay('removed'), 'below', 'link'));
  removeSeized(open('removed'));
  expect(readdirSync(base)).toEqual(['outside']);
  expect(readdirSync(outside)).toEqual(['below', 'top']);
});

describe('what a killed process left in DATA_DIR', () => {
  let killed: string;
  beforeEach(async () => {
    const { output } = await runProgram('/bin/sh', ['-c', 'echo $$'], { cwd: '/' });
    killed = `postgresql.new-${output}`;
  });

  test('is removed, and what a living process is making is not', () => {
    lay(`${killed}-made`);
    lay(`postgresql.new-${process.pid}-making`);
    removeLeftovers(base);
    expect(readdirSync(base)).toEqual([`postgresql.new-${process.pid}-making`]);
  });

  test('is not looked for behind a link, and a folder of another user stays', () => {
    lay('outside');
    symlinkSync(join(base, 'outside'), join(base, `${killed}-link`));
    if (isRoot) lay(`${killed}-strange`, STRANGER);
    const before = readdirSync(base);
    removeLeftovers(base);
    expect(readdirSync(base)).toEqual(before);
    expect(readdirSync(join(base, 'outside'))).toEqual(['below', 'top']);
    if (isRoot) expect(lstatSync(join(base, `${killed}-strange`)).uid).toBe(STRANGER);
  });
});
