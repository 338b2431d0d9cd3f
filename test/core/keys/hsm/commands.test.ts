import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestToken, type TestToken } from '../../../support/hsm/softhsm.ts';
import { createTestStorage, type TestStorage } from '../../../support/postgres/storage.ts';
import { runCli } from '../../../support/programs/cli.ts';

let token: TestToken;
let storage: TestStorage;
beforeAll(async () => {
  token = createTestToken();
  storage = await createTestStorage('postgresql');
});
afterAll(async () => {
  await storage.remove();
  token.remove();
});

/**
 * Runs `ic-idp` with the HSM settings, plus others that override them. The helper shares its standard error, so the end
 * of that stream shows that the helper has exited.
 */
const cli = (args: string[], env: Record<string, string> = {}) =>
  runCli(args, { folder: storage.folder, env: { ...storage.environment, ...token.environment, ...env } });
const add = (slug: string, ...more: string[]) =>
  cli([
    ...['biller', 'add', slug, '--name', 'Riverton', '--guid', crypto.randomUUID()],
    ...[
      '--entity-id',
      'https://sp.example',
      '--acs',
      'https://sp.example/acs',
      '--yes',
      '--key-type',
      'EC-P256',
      ...more,
    ],
  ]);

test('the command line stages, shows, revokes and destroys keys in the HSM, and its helper exits with it', async () => {
  expect((await add('riverton', '--module')).code).toBe(0);
  expect((await add('shelby')).code).toBe(0);
  const staged = await cli(['key', 'stage', '--all', '--module']);
  expect(staged).toMatchObject({ code: 0, stderr: '' });
  expect(staged.stdout).toContain('2 done, 0 not done, 0 left.');
  const list = (await cli(['key', 'list'])).stdout.split('\n').map((line) => line.split(/ {2,}/));
  expect(list.slice(0, 1)).toEqual([['Biller', 'State', 'Type', 'Kept in', 'Valid to', 'SHA-256 of the certificate']]);
  expect(list.slice(1, 5).map((cells) => cells.slice(0, 4))).toEqual([
    ['riverton', 'active', 'EC-P256', 'module'],
    ['riverton', 'staged', 'RSA-2048', 'module'],
    ['shelby', 'active', 'EC-P256', 'database'],
    ['shelby', 'staged', 'RSA-2048', 'module'],
  ]);
  expect((await cli(['key', 'status', 'shelby'])).stdout).toMatch(/Staged .*RSA-2048 in the HSM, since/);
  const revoked = await cli(['key', 'revoke', 'riverton', '--replace', '--no-module', '--reason', 'test']);
  expect(revoked.stdout).toContain('is revoked and its private part destroyed.');
  expect(token.objects().filter(({ kind }) => kind === 'private')).toHaveLength(2);
  expect((await cli(['key', 'retire', 'riverton', 'shelby', '--staged'])).code).toBe(0);
  expect(token.objects()).toEqual([]);
});

test('a key pair already in the HSM is imported by its label, for one biller only', async () => {
  token.makeExtractableKey('loose');
  const refused = await cli(['key', 'stage', 'shelby', '--module-label', 'loose']);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    'error: The private key "loose" in the HSM can leave it; it must be sensitive and not extractable. Make a new one.\n',
  ]);
  const several = await cli(['key', 'stage', '--all', '--module-label', 'loose']);
  expect([several.code, several.stderr]).toEqual([2, 'error: --module-label needs exactly one biller.\n']);
  const file = join(storage.folder, 'certificate.pem');
  writeFileSync(file, 'no certificate');
  const alone = await cli(['key', 'stage', 'shelby', '--certificate', file]);
  expect([alone.code, alone.stderr]).toMatchObject([2, expect.stringContaining('--certificate needs --module-label')]);
  const wrong = await cli(['key', 'stage', 'shelby', '--module-label', 'loose', '--certificate', file]);
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    "error: --certificate: can't be read as an X.509 certificate. It must be one or more certificates: PEM, base64, DER or PKCS#7.\n",
  ]);
});

test('doctor says what is wrong with the HSM', async () => {
  const well = await cli(['doctor', '--json']);
  expect(JSON.parse(well.stdout)).toContainEqual({
    subject: 'module',
    level: 'ok',
    finding: 'the HSM is reachable, and the token is open',
  });
  const away = await cli(['doctor', '--json'], { PKCS11_TOKEN: 'other' });
  expect(JSON.parse(away.stdout)).toContainEqual(
    expect.objectContaining({
      subject: 'module',
      level: 'error',
      finding: 'The HSM has no token "other" (PKCS11_TOKEN). It has "ic-idp test", "".',
      remedy: expect.stringContaining('PKCS11_LIBRARY'),
    }),
  );
});

test('related settings must be set together, and the library by its absolute path', async () => {
  const half = await cli(['key', 'list'], { PKCS11_PIN: '', PKCS11_TOKEN: '' });
  expect([half.code, half.stderr]).toEqual([
    2,
    'error: An HSM needs all of PKCS11_LIBRARY, PKCS11_TOKEN, PKCS11_PIN. Missing: PKCS11_TOKEN, PKCS11_PIN.\n',
  ]);
  const relative = await cli(['key', 'list'], { PKCS11_LIBRARY: 'libsofthsm2.so' });
  expect(relative.stderr).toBe(
    'error: Setting PKCS11_LIBRARY is "libsofthsm2.so". It must be the absolute path of a PKCS#11 library, e.g. /usr/lib/softhsm/libsofthsm2.so.\n',
  );
});
