import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres/postgres.ts';
import { runCli, workingFolder } from '../../support/programs/cli.ts';

const SP_METADATA = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/metadata">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"/>
  </SPSSODescriptor></EntityDescriptor>`;

const { folder, remove } = workingFolder();
let drop: () => Promise<void>;
let env: Record<string, string>;
beforeAll(async () => {
  const database = await createTestDatabase(inject('postgresUrl'));
  drop = database.drop;
  // Secrets as a container gets them.
  writeFileSync(join(folder, 'database-url'), `${database.url}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'master-key'), `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const secret = (name: string) => `file:${join(folder, name)}`;
  env = {
    PUBLIC_URL: 'https://idp.example',
    DATABASE_URL: secret('database-url'),
    MASTER_KEY: secret('master-key'),
  };
});
afterAll(async () => {
  await drop();
  remove();
});
const run = (args: readonly string[], input: string | Uint8Array = '') => runCli(args, { folder, env }, input);

const ADD = ['biller', 'add', 'riverton', '--name', 'Riverton', '--guid', '0f8fad5b-d9cb-469f-a165-70867728950e'];

test('- is standard input wherever a file is wanted: SP metadata, a key file, a list of billers', async () => {
  const added = await run([...ADD, '--key-type', 'EC-P256', '--sp-metadata', '-'], SP_METADATA);
  expect(added).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('https://idp.example/saml/riverton/metadata'),
  });

  // A PKCS#8 key without a certificate is read, and refused for that.
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const refused = await run(['key', 'import', 'riverton', '-'], key.toString());
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/certificate/) });
  expect(refused.stderr).not.toContain('no such file');

  const list =
    'slug,name,guid,entity-id,acs\nhill,Hill,1f8fad5b-d9cb-469f-a165-70867728950e,https://hill.example,https://hill.example/acs\n';
  const imported = await run(['biller', 'import', '-', '--yes'], list);
  expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('1 added') });
});

test('only one option can have standard input, and what is too large or missing is refused', async () => {
  const twice = await run(['key', 'import', 'riverton', '-', '--passphrase-file', '-'], 'x');
  expect(twice).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      '--passphrase-file "-": standard input can be read only once, and The key file has read it',
    ),
  });
  const large = await run([...ADD, '--sp-metadata', '-'], 'x'.repeat(3 * 1024 * 1024));
  expect(large).toMatchObject({ code: 2, stderr: expect.stringContaining('"-" is larger than') });
  const empty = await run([...ADD, '--sp-metadata', '-']);
  expect(empty.code).toBe(2);
});

test('a secret file that is missing or wrong is named, and its content is not shown', async () => {
  const missing = await runCli(['biller', 'list'], { folder, env: { ...env, DATABASE_URL: 'file:/nowhere/url' } });
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("The file of DATABASE_URL, /nowhere/url, can't be read"),
  });
  writeFileSync(join(folder, 'wrong'), 'mysql://user:hidden@host/db\n', { mode: 0o600 });
  const wrong = await runCli(['biller', 'list'], {
    folder,
    env: { ...env, DATABASE_URL: `file:${join(folder, 'wrong')}` },
  });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Setting DATABASE_URL is not valid') });
  expect(wrong.stderr).not.toContain('hidden');
});
