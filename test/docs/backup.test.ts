import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertionIdIn, createPortalClient } from '../support/browser/portal-client.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { runCli, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';
import { EMAIL, PASSWORD } from '../support/stage.ts';
import { readPage } from './pages.ts';

const BILLER = 'riverton';
const settings = { MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), PUBLIC_URL: 'https://idp.example' };

let place: ReturnType<typeof workingFolder>;
let services: ServiceProcess[] = [];
beforeEach(() => {
  place = workingFolder();
});
afterEach(async () => {
  for (const service of services) await endService(service);
  services = [];
  place.remove();
});

/** Starts the service on the embedded database in a folder. */
async function serve(folder: string): Promise<ServiceProcess> {
  const service = await startService(settings, folder);
  services.push(service);
  return service;
}

/** @returns the ID of the assertion that a sign-on with the password brings */
async function signOn(service: ServiceProcess): Promise<string | undefined> {
  const client = createPortalClient(service.url);
  try {
    await client.signIn(BILLER, EMAIL, PASSWORD);
    return assertionIdIn((await client.signOn(BILLER, TEST_SP)).body);
  } finally {
    client.close();
  }
}

/** Adds a biller and a portal user, in the embedded database of the place. */
async function fill(): Promise<void> {
  const biller = ['--name', 'Riverton', '--guid', crypto.randomUUID(), '--entity-id', TEST_SP, '--acs', TEST_ACS];
  const user = ['--password', PASSWORD, '--account', '101Invoice:owner'];
  for (const args of [
    ['biller', 'add', BILLER, ...biller],
    ['user', 'add', BILLER, EMAIL, ...user],
  ]) {
    expect(await runCli(args, { folder: place.folder, env: settings })).toMatchObject({ code: 0 });
  }
}

test('the page’s pg_dump and pg_restore reach the embedded database, with the right to read and replace everything', async () => {
  await fill();
  await serve(place.folder);
  const lines = [...readPage('docs/operations.md').matchAll(/^PGPASSFILE=(\S+) (pg_\w+) (.*)$/gm)];
  expect(lines.map(([, , program]) => program)).toEqual(['pg_dump', 'pg_restore']);
  for (const [, passwordFile = '', , rest = ''] of lines) {
    const named = Object.fromEntries(
      [...rest.matchAll(/--(\w+)="?([^"\s]+)/g)].map(([, name, value]) => [name, value]),
    );
    const { host = '', username: user, dbname: database = rest.split(' ').at(-1) } = named;
    // libpq ignores the file if others can read it.
    expect(statSync(join(place.folder, passwordFile)).mode & 0o777).toBe(0o600);
    const [, password] =
      /^\*:\*:ic_idp:ic_idp:(\w+)\n$/.exec(readFileSync(join(place.folder, passwordFile), 'utf8')) ?? [];
    const client = new pg.Client({ host: host.replace('$PWD', place.folder), user, database, password });
    await client.connect();
    const { rows: tables } = await client.query(
      "select tableowner as owner from pg_tables where schemaname = 'public'",
    );
    const { rows: keys } = await client.query('select state from signing_keys');
    await client.end();
    expect(tables.length).toBeGreaterThan(10);
    expect(new Set(tables.map(({ owner }) => owner))).toEqual(new Set([user]));
    expect(keys).toEqual([{ state: 'active' }]);
  }
}, 120_000);

test('a copy of DATA_DIR made by cp -a while the service is stopped takes sign-ons elsewhere', async () => {
  await fill();
  const first = await serve(place.folder);
  expect(await signOn(first)).toMatch(/^_/);
  await endService(first);
  const other = join(place.folder, 'other');
  mkdirSync(other);
  expect(spawnSync('cp', ['-a', join(place.folder, 'data'), other]).status).toBe(0);
  expect(await signOn(await serve(other))).toMatch(/^_/);
}, 120_000);
