import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { localFileProblems, refuseOpenFiles } from '../../src/local-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
const file = join(folder, 'file');
beforeEach(() => {
  chmodSync(folder, 0o700);
  writeFileSync(file, '');
  chmodSync(file, 0o600);
});
afterAll(() => rmSync(folder, { recursive: true }));

const DATABASE_URL = 'postgres://localhost/ic_idp';
const withKeyFile = readSettings({ DATABASE_URL, MASTER_KEY: `file:${file}` }, {});
const withLibrary = readSettings(
  {
    DATABASE_URL,
    MASTER_KEY: Buffer.alloc(32).toString('base64'),
    PKCS11_LIBRARY: file,
    PKCS11_TOKEN: 'token',
    PKCS11_PIN: `file:${file}`,
  },
  {},
);
const problems = (settings: Parameters<typeof localFileProblems>[0]) =>
  localFileProblems(settings).map(({ subject, finding, serious }) => [subject, finding, serious]);

test('files that only this user can read and change are no problem', () => {
  expect(problems(withKeyFile)).toEqual([]);
  expect(problems(withLibrary)).toEqual([]);
  expect(() => refuseOpenFiles(withLibrary)).not.toThrow();
});

test('a secret’s file that everyone can read is reported, and the service starts: container runtimes mount them so', () => {
  chmodSync(file, 0o444);
  expect(problems(withKeyFile)).toEqual([['MASTER_KEY', `${file} is open to other users (mode 0444)`, false]]);
  expect(problems(withLibrary)).toEqual([['PKCS11_PIN', `${file} is open to other users (mode 0444)`, false]]);
  expect(() => refuseOpenFiles(withKeyFile)).not.toThrow();
});

test('a library of an HSM that others can change or replace is not loaded', () => {
  chmodSync(file, 0o702);
  expect(problems(withLibrary)).toContainEqual(['PKCS11_LIBRARY', `${file} can be changed by every user`, true]);
  expect(() => refuseOpenFiles(withLibrary)).toThrow(
    `${file} can be changed by every user. Check its content, then run: chmod o-w ${file}`,
  );
  chmodSync(file, 0o700);
  chmodSync(folder, 0o777);
  expect(() => refuseOpenFiles(withLibrary)).toThrow(`${folder} can be changed by every user`);
});
