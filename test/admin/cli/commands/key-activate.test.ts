import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../../support/programs/service.ts';

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;
let slug = '';
let count = 0;

/** Makes standard input look like a terminal; what is typed is a pipe all the same. */
const AT_A_TERMINAL = `--import=data:text/javascript,${encodeURIComponent('process.stdin.isTTY = true')}`;
const run = (args: string[], typed = '', more: Record<string, string> = {}) =>
  runCli(['key', ...args], { folder: work.folder, env: { ...env, ...more } }, typed);
const activateAtTerminal = (typed: string, ...more: string[]) =>
  run(['activate', slug, ...more], typed, { NODE_OPTIONS: AT_A_TERMINAL });
const hasStaged = async () => {
  const [status] = JSON.parse((await run(['status', slug, '--json'])).stdout) as [{ staged: object | null }];
  return status.staged !== null;
};

beforeAll(async () => {
  work = workingFolder();
  env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
  await layEmbeddedDatabase(join(work.folder, 'data'));
  service = await startService(env, work.folder);
});
afterAll(async () => {
  await endService(service);
  work.remove();
});
beforeEach(async () => {
  count += 1;
  slug = `biller-${count}`;
  const provider = [
    '--entity-id',
    `https://sp.example/${slug}`,
    '--acs',
    'https://sp.example/acs',
    '--key-type',
    'EC-P256',
    '--rotation',
    'overlap',
  ];
  const add = ['biller', 'add', slug, '--name', slug, '--guid', crypto.randomUUID(), ...provider];
  expect(await runCli(add, { folder: work.folder, env })).toMatchObject({ code: 0 });
  expect(await run(['stage', slug, '--key-type', 'EC-P256'])).toMatchObject({ code: 0 });
  // A stranger, who moves the terminal's cursor.
  await fetch(`${service.url}/saml/${slug}/metadata`, { headers: { 'user-agent': 'curl/8.0 \u009b2J' } });
  const seen = async () => (await run(['fetches', slug])).stdout.includes('curl/8.0');
  await vi.waitUntil(seen, { timeout: 20_000 });
});

test('without a terminal, or with --json, it names who fetched the certificate and is refused', async () => {
  for (const { code, stdout, stderr } of [
    await run(['activate', slug]),
    await run(['activate', slug, '--json']),
    await activateAtTerminal('y\n', '--json'),
  ]) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('1 fetch by 127.0.0.1 (curl/8.0 \\u{9b}2J)');
    expect(stderr).toContain('If you know both, confirm it with --yes.');
    expect(stderr).not.toContain('[y/N]');
  }
  expect(await hasStaged()).toBe(true);
  expect(await run(['activate', slug, '--yes'])).toMatchObject({ code: 0, stderr: '' });
  expect(await hasStaged()).toBe(false);
});

test('at a terminal it asks, and only yes activates the key', async () => {
  const refused = await activateAtTerminal('n\n');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(
    /1 fetch by 127\.0\.0\.1 .*\nIs this the Service Provider, and does it keep several certificates\? \[y\/N\] .*It was not confirmed\. Nothing was done\.\n$/s,
  );
  expect(await hasStaged()).toBe(true);
  expect(await activateAtTerminal('y\n')).toMatchObject({ code: 0 });
  expect(await hasStaged()).toBe(false);
});
