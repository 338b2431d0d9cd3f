import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { readPage } from '../docs/pages.ts';
import { assertionIdIn, createPortalClient } from '../support/browser/portal-client.ts';
import { startInstallation, TEST_SP } from '../support/installation.ts';
import { createTestDatabase } from '../support/postgres/postgres.ts';
import { type PostgresServer, startPostgres } from '../support/postgres/postgres-server.ts';
import { ofCheckout, plainEnvironment, workingFolder } from '../support/programs/cli.ts';
import { endService, startService } from '../support/programs/service.ts';
import { EMAIL, PASSWORD } from '../support/stage.ts';

// pg_dump can't read a server that is newer than itself, as the tests' own is: this one comes with its client programs.
const PROGRAMS = dirname(globSync('/usr/lib/postgresql/*/bin/pg_dump').sort().at(-1) ?? '');
const MASTER_KEY = Buffer.alloc(32, 9).toString('base64');
const PUBLIC_URL = 'https://idp.example';

let server: PostgresServer;
let source: Awaited<ReturnType<typeof createTestDatabase>>;
const place = workingFolder();
/** As the page names it. */
const dump = join(place.folder, 'ic-idp.dump');

beforeAll(async () => {
  server = await startPostgres([], false, PROGRAMS);
  source = await createTestDatabase(server.url);
  // The first start records which master key the database belongs to.
  await endService(await startService({ DATABASE_URL: source.url, MASTER_KEY, PUBLIC_URL }, place.folder));
  const installation = await startInstallation({ existing: { url: source.url, masterKey: MASTER_KEY } });
  await installation.addBiller('riverton');
  await installation.addUser('riverton', EMAIL, PASSWORD, ['101Invoice:owner']);
  await installation.close();
  const [line = ''] = /^pg_dump --format=custom .*$/m.exec(readPage('docs/operations.md')) ?? [];
  const written = program('sh', ['-c', line], { DATABASE_URL: source.url });
  expect(written).toMatchObject({ status: 0, stderr: '' });
});
afterAll(async () => {
  await server?.stop();
  place.remove();
});

function program(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const all = plainEnvironment(env);
  const PATH = `${PROGRAMS}:${dirname(process.execPath)}:${all.PATH}`;
  return spawnSync(name, args, { cwd: place.folder, encoding: 'utf8', env: { ...all, PATH } });
}
const drill = (url: string, key = MASTER_KEY) =>
  program(ofCheckout('deploy/restore-drill.sh'), [dump, url], { MASTER_KEY: key, PUBLIC_URL });

test('restores a dump into an empty database, unseals its keys, and the copy takes sign-ons', async () => {
  const copy = await createTestDatabase(server.url);
  const { status, stdout, stderr } = drill(copy.url);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain('biller.added');
  const service = await startService({ DATABASE_URL: copy.url, MASTER_KEY, PUBLIC_URL }, place.folder);
  const client = createPortalClient(service.url);
  await client.signIn('riverton', EMAIL, PASSWORD);
  expect(assertionIdIn((await client.signOn('riverton', TEST_SP)).body)).toMatch(/^_/);
  client.close();
  await endService(service);
});

test('fails, and says why, with a master key that is not the backup’s', async () => {
  const copy = await createTestDatabase(server.url);
  const { status, stdout, stderr } = drill(copy.url, Buffer.alloc(32, 8).toString('base64'));
  expect(status).not.toBe(0);
  expect(stdout + stderr).toContain('MASTER_KEY is not the key');
});

test('leaves a database alone that has tables', async () => {
  const { status, stderr } = drill(source.url);
  expect(status).not.toBe(0);
  expect(stderr).toContain('already exists');
  const installation = await startInstallation({ existing: { url: source.url, masterKey: MASTER_KEY } });
  const { services } = installation;
  expect(await runNamed(services, 'biller.list', {}, actorWithEveryRole('test'))).toHaveLength(1);
  await installation.close();
});

test('the page’s line restores as the drill does', async () => {
  const copy = await createTestDatabase(server.url);
  const [line = ''] = /^pg_restore --exit-on-error .*$/m.exec(readPage('docs/operations.md')) ?? [];
  expect(program('sh', ['-c', line], { DATABASE_URL: copy.url })).toMatchObject({ status: 0, stderr: '' });
  const doctor = [ofCheckout('src/admin/cli/ic-idp.js'), 'doctor'];
  const { status, stdout } = program(process.execPath, doctor, { DATABASE_URL: copy.url, MASTER_KEY, PUBLIC_URL });
  expect(status, stdout).toBe(0);
});
