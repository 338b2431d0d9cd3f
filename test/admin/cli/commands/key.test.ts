import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';
import { runCli, startProgram, workingFolder } from '../../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../../support/programs/service.ts';

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;
const run = (...args: string[]) => runCli(args, { folder: work.folder, env });
const keys = async (biller: string) =>
  JSON.parse((await run('key', 'list', biller, '--json')).stdout) as { state: string; fingerprint: string }[];
const at = (name: string) => join(work.folder, name);

beforeAll(async () => {
  work = workingFolder();
  env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
  await layEmbeddedDatabase(join(work.folder, 'data'));
  service = await startService(env, work.folder);
  for (const biller of ['a', 'b', 'c']) {
    const provider = ['--entity-id', 'https://sp.example', '--acs', 'https://sp.example/acs', '--yes'];
    const guid = crypto.randomUUID();
    await run(
      'biller',
      'add',
      biller,
      '--name',
      biller,
      '--guid',
      guid,
      ...provider,
      '--key-type',
      biller === 'a' ? 'RSA-2048' : 'EC-P256',
      '--rotation',
      biller === 'c' ? 'switch-on-fetch' : 'overlap',
    );
  }
});
afterAll(async () => {
  await endService(service);
  work.remove();
});

test('a command runs for all billers and shows its progress, and a refusal does not stop the others', async () => {
  expect((await run('key', 'stage', 'b')).stdout).toBe(
    'b: A key is staged and published beside the active one, which still signs.\n',
  );
  const all = await run('key', 'stage', '--all', '--key-type', 'EC-P256');
  expect(all.code).toBe(1);
  expect(all.stdout.split('\n')).toEqual([
    '[1/3] a: A key is staged and published beside the active one, which still signs.',
    '[2/3] not done: b has a staged key already. Activate it, or retire it with `ic-idp key retire b --staged`.',
    '[3/3] c: A key is staged. Its certificate is shown only by a one-time metadata URL: `ic-idp key hand-over c`.',
    '2 done, 1 not done, 0 left.',
    '',
  ]);
  expect((await run('key', 'activate', 'a')).stderr).toContain(
    'the Service Provider has not fetched the staged certificate yet',
  );
  expect((await run('key', 'activate', 'a', '--force')).stderr).toContain('--reason: A reason is required');
  expect((await run('key', 'activate', 'a', '--force', '--reason', 'test')).code).toBe(0);
  expect((await keys('a')).map(({ state }) => state)).toEqual(['retiring', 'active']);
  expect((await run('key', 'status')).stdout).toMatch(/^Biller +Rotation/);
  expect((await run('key', 'status', 'b')).stdout).toContain('Safe to activate?');
});

test('Ctrl-C ends a run after the current biller, and the same command continues with the others', async () => {
  for (const biller of ['b', 'c']) await run('key', 'retire', biller, '--staged');
  // RSA-4096 keys take long enough to interrupt.
  const { child, outcome } = startProgram(
    'src/admin/cli/ic-idp.js',
    ['key', 'stage', 'a', 'b', 'c', '--key-type', 'RSA-4096'],
    {
      folder: work.folder,
      env,
    },
  );
  child.stdout.once('data', () => child.kill('SIGINT'));
  const interrupted = await outcome;
  expect(interrupted.code).toBe(1);
  expect(interrupted.stderr).toContain('Stopping after this biller.');
  expect(interrupted.stdout).toMatch(/, [12] left\.\n$/);
  const again = await run('key', 'stage', 'a', 'b', 'c', '--key-type', 'EC-P256');
  expect(again.stdout).toContain('[1/3] not done: a has a staged key already.');
  for (const biller of ['a', 'b', 'c']) expect((await keys(biller)).map(({ state }) => state)).toContain('staged');
});

test('keys move by PKCS#12, PEM and certificate request; exporting a private key seals and audits it, in a file for its owner only', {
  meta: { holds: ['IDP-090'], source: 'project rule' },
}, async () => {
  writeFileSync(at('pass'), 'correct horse battery\n');
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: work.folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const [old] = await keys('a');
  const leaving = [
    'key',
    'export',
    'a',
    '--private',
    '--fingerprint',
    old?.fingerprint ?? '',
    '--passphrase-file',
    'pass',
    '--out',
    'a.p12',
  ];
  expect((await run(...leaving)).stderr).toContain('--reason: A reason is required');
  expect(await run(...leaving, '--reason', 'move')).toMatchObject({ code: 0 });
  expect(statSync(at('a.p12')).mode & 0o777).toBe(0o600);
  expect((await run(...leaving, '--reason', 'move')).stderr).toContain('it already exists');
  expect((await run('audit', '--event', 'key.exported')).stdout).toContain('reason: move');
  expect(openssl('pkcs12', '-in', 'a.p12', '-passin', 'file:pass', '-nodes')).toMatch(/BEGIN PRIV/);

  for (const biller of ['b', 'c']) await run('key', 'retire', biller, '--staged');
  expect(await run('key', 'import', 'b', 'a.p12', '--passphrase-file', 'pass')).toMatchObject({
    code: 2,
    stderr: 'error: This key belongs to the biller "a". Every biller needs a key of its own.\n',
  });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'b.key', '-out', 'b.crt', '-subj', '/CN=b');
  openssl('pkcs12', '-export', '-inkey', 'b.key', '-in', 'b.crt', '-out', 'b.p12', '-passout', 'file:pass');
  expect((await run('key', 'import', 'b', 'b.p12')).stderr).toContain(
    'the PKCS#12 file is sealed; provide its passphrase',
  );
  writeFileSync(at('pass-with-mark'), '\ufeffcorrect horse battery\r\n');
  expect((await run('key', 'import', 'b', 'b.p12', '--passphrase-file', 'pass-with-mark')).code).toBe(0);
  const fingerprint = new X509Certificate(readFileSync(at('b.crt'))).fingerprint256.replaceAll(':', '').toLowerCase();
  expect((await keys('b')).find(({ state }) => state === 'staged')?.fingerprint).toBe(fingerprint);

  writeFileSync(at('c.csr'), (await run('key', 'request', 'c')).stdout);
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=CA',
    '-days',
    '30',
  );
  openssl('x509', '-req', '-in', 'c.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '20', '-out', 'c.crt');
  writeFileSync(at('chain.crt'), readFileSync(at('ca.crt'), 'utf8') + readFileSync(at('c.crt'), 'utf8'));
  expect((await run('key', 'import', 'c', '--certificate', 'chain.crt')).code).toBe(0);
  const staged = (await keys('c')).find(({ state }) => state === 'staged')?.fingerprint;
  const expected = openssl('x509', '-in', 'c.crt', '-noout', '-fingerprint', '-sha256').split('=')[1];
  expect(staged).toBe(expected?.trim().replaceAll(':', '').toLowerCase());

  for (const [format, read] of [
    ['pem', ['x509', '-noout', '-subject', '-in']],
    ['der', ['x509', '-inform', 'der', '-noout', '-subject', '-in']],
    ['pkcs7', ['pkcs7', '-inform', 'der', '-print_certs', '-in']],
  ] as const) {
    await run('key', 'export', 'a', '--format', format, '--out', `a.${format}`);
    expect(openssl(...read, `a.${format}`)).toMatch(/CN ?= ?a/);
  }
});

test('after rotating the master key, everything can still be unsealed', async () => {
  expect((await run('master-key', 'rotate')).stdout).toMatch(/^\d+ secrets are sealed with the new master key/);
  expect((await run('doctor')).stdout).toContain('every biller has a usable active key');
  expect((await run('master-key', 'status')).stdout).toContain('Sealed with another         0');
});
