import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolders } from '../../../src/platform/util/make-folders.ts';

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('makes every missing folder with the mode, and leaves those that are there', () => {
  mkdirSync(join(base, 'open'), { mode: 0o755 });
  makeFolders(join(base, 'open/one/two'), 0o700);
  expect(['open', 'open/one', 'open/one/two'].map((path) => modeOf(join(base, path)))).toEqual([0o755, 0o700, 0o700]);
  makeFolders(join(base, 'open'), 0o700);
  expect(modeOf(join(base, 'open'))).toBe(0o755);
});

test('accepts a link to a folder, and . and /', () => {
  symlinkSync(base, join(base, 'link'));
  for (const path of [join(base, 'link'), '.', '/']) makeFolders(path, 0o700);
});

test.each([
  ['a file', 'file', 'EEXIST'],
  ['below a file', 'file/below/it', 'ENOTDIR'],
  ['a link to nowhere', 'dangling', 'EEXIST'],
  ['below /proc', '/proc/nowhere/below', 'ENOENT'],
])('%s is refused', (_what, path, code) => {
  writeFileSync(join(base, 'file'), '');
  rmSync(join(base, 'dangling'), { force: true });
  symlinkSync(join(base, 'nowhere'), join(base, 'dangling'));
  expect(() => makeFolders(path.startsWith('/') ? path : join(base, path), 0o700)).toThrow(
    expect.objectContaining({ code }),
  );
});
