import { chmodSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findExposure } from '../../../src/platform/files/exposure.ts';

const STRANGER = 54_321;
let root: string;
let folder: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  folder = join(root, 'a', 'b');
  file = join(folder, 'file');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(file, '', { mode: 0o644 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The exposed path, from the test's folder on, and what is wrong with it. */
const found = (path = file) => {
  const { path: where = '', sentence = 'safe' } = findExposure(path) ?? {};
  return `${where.slice(root.length)} ${sentence}`.trim();
};

test('a file that only its owner can change, in folders of the same kind, is safe; so is one that is not there', () => {
  expect(found()).toBe('safe');
  expect(found(join(folder, 'none'))).toBe('safe');
});

test.each([
  ['a/b/file', 0o646],
  ['a/b', 0o777],
  ['a/b', 0o773],
  ['a', 0o757],
])('everyone can change %s with mode %o', (path, mode) => {
  chmodSync(join(root, path), mode);
  expect(found()).toBe(`/${path} can be changed by every user`);
  expect(findExposure(file)?.remedy).toContain(`chmod o-w ${join(root, path)}`);
});

test('in a sticky folder nobody can replace a file of another user', () => {
  chmodSync(folder, 0o1777);
  expect(found()).toBe('safe');
});

test('what a link leads to counts, with the folders on the way there', () => {
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o755 });
  const target = join(elsewhere, 'target');
  writeFileSync(target, '', { mode: 0o644 });
  const link = join(folder, 'link');
  symlinkSync(target, link);
  expect(found(link)).toBe('safe');
  chmodSync(elsewhere, 0o777);
  expect(found(link)).toBe('/elsewhere can be changed by every user');
  chmodSync(elsewhere, 0o755);
  chmodSync(target, 0o666);
  expect(found(link)).toBe('/elsewhere/target can be changed by every user');
});

describe.runIf(process.getuid?.() === 0)('for root,', () => {
  test.each(['a/b/file', 'a/b', 'a'])('%s of another user is not trusted', (path) => {
    lchownSync(join(root, path), STRANGER, 0);
    expect(found()).toBe(`/${path} belongs to another user (id ${STRANGER})`);
  });

  test('a link of another user, to a trusted file', () => {
    const link = join(folder, 'link');
    symlinkSync(file, link);
    lchownSync(link, STRANGER, STRANGER);
    expect(found(link)).toBe(`/a/b/link belongs to another user (id ${STRANGER})`);
  });

  test.each(['a/b/file', 'a/b', 'a'])('a group that can change %s is trusted only if it is the owner’s own', (path) => {
    chmodSync(join(root, path), 0o775);
    expect(found()).toBe('safe');
    lchownSync(join(root, path), 0, STRANGER);
    expect(found()).toBe(`/${path} can be changed by its group (id ${STRANGER})`);
  });
});
