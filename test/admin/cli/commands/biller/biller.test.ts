import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { layEmbeddedDatabase } from '../../../../support/postgres/embedded-template.ts';
import { createTestDatabase } from '../../../../support/postgres/postgres.ts';
import { ofCheckout, plainEnvironment, runCli, workingFolder } from '../../../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../../../support/programs/service.ts';

const GUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const SP_METADATA = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/metadata">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"/>
  </SPSSODescriptor></EntityDescriptor>`;

/** The three ways a command reaches its database. */
describe.each(['alone with the embedded database', 'through the running service', 'with PostgreSQL'])('%s', (way) => {
  let work: ReturnType<typeof workingFolder>;
  let env: Record<string, string>;
  let service: ServiceProcess | undefined;
  let drop: (() => Promise<void>) | undefined;
  const run = (...args: string[]) => runCli(args, { folder: work.folder, env });
  const json = async (...args: string[]) =>
    JSON.parse((await run(...args, '--json')).stdout) as Record<string, unknown>;

  beforeAll(async () => {
    work = workingFolder();
    env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
    writeFileSync(join(work.folder, 'sp.xml'), SP_METADATA);
    if (way.includes('PostgreSQL')) {
      const database = await createTestDatabase(inject('postgresUrl'));
      drop = database.drop;
      env = {
        PUBLIC_URL: 'https://idp.example',
        DATABASE_URL: database.url,
        MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      };
    } else await layEmbeddedDatabase(join(work.folder, 'data'));
    if (way.includes('service')) service = await startService(env, work.folder);
  });
  afterAll(async () => {
    if (service !== undefined) await endService(service);
    await drop?.();
    work.remove();
  });

  test('a biller and a user are added, shown, changed, listed and removed', async () => {
    const added = await run(
      'biller',
      'add',
      'riverton',
      '--name',
      'Riverton Water',
      '--guid',
      GUID,
      '--sp-metadata',
      'sp.xml',
      '--login-type',
      'owner=1,co-owner=5',
      '--key-type',
      'EC-P256',
    );
    expect(added).toMatchObject({ code: 0, stderr: '' });
    for (const line of [
      'Entity ID        https://idp.example/saml/riverton/metadata',
      'SSO Service URL  https://idp.example/saml/riverton/sso',
      `https://sso.invoicecloud.com/saml/${GUID}?account=101Invoice&ViewMode=0&DeepLinkID=3`,
    ]) {
      expect(added.stdout).toContain(line);
    }
    expect(await json('biller', 'show', 'riverton')).toMatchObject({
      loginTypes: { owner: 1, 'co-owner': 5, 'everybody else': 5 },
    });
    const user = await runCli(
      ['user', 'add', 'riverton', 'pat@example.com', '--account', '101Invoice:owner', '--json'],
      { folder: work.folder, env },
      'correct horse battery\n',
    );
    expect(JSON.parse(user.stdout)).toMatchObject({
      email: 'pat@example.com',
      accounts: [{ number: '101Invoice', role: 'owner' }],
    });
    expect(await json('biller', 'update', 'riverton', '--clock-skew', '120')).toMatchObject({
      settings: { clockSkewSeconds: 120 },
    });
    expect((await run('metadata', 'riverton')).stdout).toContain(
      'entityID="https://idp.example/saml/riverton/metadata"',
    );
    const link = await run('link', 'riverton', '--account', 'A 1', '--destination', '13', '--view-mode', '1');
    expect(link.stdout.trim()).toBe(`https://sso.invoicecloud.com/saml/${GUID}?account=A%201&ViewMode=1&DeepLinkID=13`);
    expect((await run('audit', '--email', 'pat@example.com')).stdout).toContain('user.added');
    expect(await run('doctor')).toMatchObject({ code: 0 });
    expect((await run('biller', 'remove', 'riverton')).code).toBe(2);
    expect(await run('biller', 'remove', 'riverton', '--yes')).toMatchObject({ code: 0 });
    expect(await json('biller', 'list')).toEqual([]);
  });
});

describe('wrong input', () => {
  const work = workingFolder();
  const env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
  const run = (...args: string[]) => runCli(args, { folder: work.folder, env });
  let service: ServiceProcess;
  beforeAll(async () => {
    writeFileSync(join(work.folder, 'sp.xml'), SP_METADATA);
    await layEmbeddedDatabase(join(work.folder, 'data'));
    service = await startService(env, work.folder);
  });
  afterAll(async () => {
    await endService(service);
    work.remove();
  });

  test.each([
    [
      ['biller', 'add', 'x', '--name', 'X', '--guid', 'nope', '--sp-metadata', 'sp.xml'],
      '--guid "nope": must be the GUID that Invoice Cloud gave',
    ],
    [
      ['biller', 'add', 'x', '--name', 'X', '--guid', GUID, '--sp-metadata', 'none.xml'],
      '--sp-metadata "none.xml" can\'t be read',
    ],
    [['biller', 'add', 'x', '--name', 'X', '--guid', GUID], 'The Service Provider is missing'],
    [
      ['biller', 'add', 'x', '--name', 'X', '--guid', GUID, '--sp-metadata', 'sp.xml', '--login-type', 'owner'],
      'It must be <role>=<number>',
    ],
    [
      ['biller', 'add', 'x', '--name', 'X', '--guid', GUID, '--entity-id', 'a', '--acs', 'ftp://b'],
      '--acs "ftp://b": must be an https URL',
    ],
    [['biller', 'show', 'nowhere'], 'There is no biller "nowhere".'],
    [['biller', 'list', '--nope'], "unknown option '--nope'"],
    [['key', 'stage'], 'Give one or more billers, or --all.'],
    [['trace', 'never', 'was', 'one'], 'There is no trace "never-was-one".'],
  ])('%j is refused with exit code 2', async (args, sentence) => {
    const { code, stderr, stdout } = await run(...(args as string[]));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
  });

  test('a password in UTF-16, as PowerShell writes it with >, is refused: it could never be typed', async () => {
    const args = ['user', 'add', 'nowhere', 'pat@example.com'];
    const password = Buffer.from('\ufeffcorrect horse\r\n', 'utf16le');
    const { code, stderr } = await runCli(args, { folder: work.folder, env }, password);
    expect(code).toBe(2);
    expect(stderr).toContain('Standard input is UTF-16');
  });

  test('every missing option is named at once', async () => {
    expect((await run('biller', 'add', 'x')).stderr).toContain(
      'Missing: --name <name>; --guid <BillerGUID>; --sp-metadata <file|url>, or --entity-id <id> with --acs <url>.',
    );
  });

  test('none of them added anything', async () => {
    expect((await run('biller', 'list', '--json')).stdout).toBe('[]\n');
  });
});

test('every command has help with an example', async () => {
  const work = workingFolder();
  const { createProgram } = await import('../../../../../src/admin/cli/program.ts');
  const commands = (command: Command): string[][] =>
    command.commands.length === 0
      ? [[]]
      : command.commands.flatMap((one) => commands(one).map((rest) => [one.name(), ...rest]));
  const all = commands(await createProgram());
  expect(all.length).toBeGreaterThan(25);
  // One runs as a separate process; the others are read from the program.
  expect((await runCli(['biller', 'add', '--help'], { folder: work.folder })).stdout).toContain('Example');
  for (const path of all) {
    let command = await createProgram();
    for (const name of path) command = command.commands.find((one) => one.name() === name) ?? command;
    let written = '';
    command.configureOutput({ writeOut: (text) => (written += text) }).outputHelp();
    expect(written, path.join(' ')).toMatch(/Examples?:/);
  }
  work.remove();
});

test.each([
  ['stdout', ['biller', 'add', '--help'], 0],
  ['stderr', ['biller', 'add', '--nope'], 2],
] as const)('a reader that closes %s early, as head does, has no other effect', async (stream, args, code) => {
  const work = workingFolder();
  const child = spawn(process.execPath, [ofCheckout('src/admin/cli/ic-idp.js'), ...args], {
    cwd: work.folder,
    env: plainEnvironment(),
  });
  const other = stream === 'stdout' ? child.stderr : child.stdout;
  child[stream].destroy();
  const [said, [ended]] = await Promise.all([text(other), once(child, 'exit')]);
  expect({ said, ended }).toEqual({ said: '', ended: code });
  work.remove();
});
