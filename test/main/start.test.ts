import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { endServersBelow, pidOfServer } from '../support/postgres/embedded-server.ts';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { createTestStorage } from '../support/postgres/storage.ts';
import { freePort } from '../support/programs/free-port.ts';
import { endService, type ServiceProcess, spawnService, startService } from '../support/programs/service.ts';

const CLEAN = { code: 0, signal: null, stderr: '' };
const REFUSED = { code: 2, signal: null };
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

let folder: string;
let services: ServiceProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
});
afterEach(async () => {
  for (const service of services) await endService(service, 'SIGKILL');
  services = [];
  endServersBelow(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});

async function start(environment: Readonly<Record<string, string>>, cwd = folder): Promise<ServiceProcess> {
  const service = await startService(environment, cwd);
  services.push(service);
  return service;
}

/** Starts a service that must not start. @returns how it ended; only the error may have been printed */
async function refusal(environment: Readonly<Record<string, string>>, cwd = folder) {
  const service = await spawnService(environment, cwd);
  services.push(service);
  return service.ended;
}

describe.each(['embedded', 'postgresql'] as const)('on the %s database', (kind) => {
  test('the service starts on an empty one, reports that it is ready, and starts on it again', {
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    const storage = await createTestStorage(kind);
    const other = createServer();
    try {
      const first = await start(storage.environment, storage.folder);
      const ready = await fetch(`${first.url}/health/ready`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({ status: 'ok' });
      expect(await endService(first)).toEqual(CLEAN);

      // A port in use stops the start with a message, and releases the database.
      const PORT = String(first.port);
      await new Promise<void>((listening) => other.listen(first.port, '127.0.0.1', listening));
      const stderr = `Can't listen on 127.0.0.1:${PORT} (HOST, PORT): the port is in use.\n`;
      expect(await refusal({ ...storage.environment, PORT }, storage.folder)).toEqual({ ...REFUSED, stderr });
      expect(pidOfServer(join(storage.folder, 'data'))).toBeUndefined();

      const again = await start(storage.environment, storage.folder);
      expect((await fetch(`${again.url}/health/ready`)).status).toBe(200);
      expect(await endService(again)).toEqual(CLEAN);
    } finally {
      other.close();
      await storage.remove();
    }
  });
});

test('a start without settings creates its data and master key in the working folder; a second one there shares them', async () => {
  const dataDir = join(folder, 'data');
  const first = await start({});
  expect(statSync(join(folder, 'certs', 'master.key')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(dataDir, 'postgresql'))).toBe(true);
  expect((await fetch(`${first.url}/health/live`)).status).toBe(200);
  const key = readFileSync(join(folder, 'certs', 'master.key'), 'utf8');

  // Stopping one service leaves the database to the other.
  const second = await start({});
  expect((await fetch(`${second.url}/health/ready`)).status).toBe(200);
  const pid = pidOfServer(dataDir);
  expect(await endService(second)).toEqual(CLEAN);
  expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
  expect(pidOfServer(dataDir)).toBe(pid);

  // If the last one is killed, the database keeps running; the next start takes it over, with the same master key.
  await endService(first, 'SIGKILL');
  expect(pidOfServer(dataDir)).toBe(pid);
  const next = await start({});
  expect(pidOfServer(dataDir)).toBe(pid);
  expect((await fetch(`${next.url}/health/ready`)).status).toBe(200);
  expect(readFileSync(join(folder, 'certs', 'master.key'), 'utf8')).toBe(key);

  // Not the key that its secrets are sealed with.
  expect(await endService(next)).toEqual(CLEAN);
  expect(pidOfServer(dataDir)).toBeUndefined();
  const ending = await refusal({ MASTER_KEY });
  expect(ending).toMatchObject(REFUSED);
  expect(ending.stderr).toMatch(/^MASTER_KEY is not the key that sealed the private keys in this database\. .+\.\n$/);
});

test('a start that fails after the database was opened stops the embedded database', async () => {
  const hook = join(folder, 'hook.mjs');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
     const source = "export const createServer = async () => { throw new Error('no HTTP server'); };";
     registerHooks({
       load: (url, context, next) =>
         url.endsWith('/src/endpoints/server.ts') ? { format: 'module', shortCircuit: true, source } : next(url, context),
     });`,
  );
  const dataDir = join(folder, 'data');
  await layEmbeddedDatabase(dataDir);
  const ending = await refusal({ NODE_OPTIONS: `--import=${hook}`, MASTER_KEY });
  expect(ending).toMatchObject({ code: 1, signal: null });
  expect(ending.stderr).toContain('Error: no HTTP server');
  expect(readFileSync(join(dataDir, 'postgresql', 'server.log'), 'utf8')).toContain('ready to accept connections');
  expect(pidOfServer(dataDir)).toBeUndefined();
});

test('reads the .env file in the working folder, and the environment takes precedence', async () => {
  const dataDir = join(folder, 'somewhere', 'else');
  await layEmbeddedDatabase(dataDir);
  const lines = [
    '# as docker compose reads it too',
    'DATA_DIR=./somewhere/else',
    'LOG_LEVEL=silent',
    `MASTER_KEY=${MASTER_KEY}`,
  ];
  writeFileSync(join(folder, '.env'), `${lines.join('\n')}\nPOSTGRES_PASSWORD=not-ours\n`);
  // With the level in the file, the service would not log that it is ready.
  const service = await start({ LOG_LEVEL: 'info' });
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  expect(pidOfServer(dataDir)).toBeDefined();
  expect(existsSync(join(folder, 'certs'))).toBe(false);
  expect(await endService(service)).toEqual(CLEAN);
});

describe('the start fails with one sentence and exit code 2, and creates nothing,', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['a setting is wrong', { PORT: 'many' }, '', 'Setting PORT is "many". It must be a port number, 1 to 65535.'],
    [
      'a name in .env is a typo',
      {},
      'DATA_DRI=./data',
      'Setting DATA_DRI (from .env) is unknown. Did you mean DATA_DIR?',
    ],
  ])('if %s', async (_where, environment, envFile, sentence) => {
    if (envFile !== '') writeFileSync(join(folder, '.env'), envFile);
    const before = readdirSync(folder);
    expect(await refusal(environment)).toEqual({ ...REFUSED, stderr: `${sentence}\n` });
    expect(readdirSync(folder)).toEqual(before);
  });

  test('if every user can write to the .env file', async () => {
    const envFile = join(folder, '.env');
    writeFileSync(envFile, 'MASTER_KEY=command:touch ran\n');
    chmodSync(envFile, 0o666);
    const before = readdirSync(folder);
    const sentence = `The settings file ${envFile} can be changed by every user. Check its content, then run: chmod o-w ${envFile}\n`;
    expect(await refusal({})).toEqual({ ...REFUSED, stderr: sentence });
    expect(readdirSync(folder)).toEqual(before);
  });

  test('if the .env file belongs to another user', async () => {
    // Only root can give a file away.
    if (process.getuid?.() !== 0) return;
    const envFile = join(folder, '.env');
    writeFileSync(envFile, 'MASTER_KEY=command:touch ran\n');
    chownSync(envFile, 54_321, 54_321);
    const before = readdirSync(folder);
    const ending = await refusal({});
    expect(ending).toMatchObject(REFUSED);
    expect(ending.stderr).toMatch(
      /^The settings file \S+ belongs to another user \(id 54321\)\. Use a file of your own .+\n$/,
    );
    expect(readdirSync(folder)).toEqual(before);
  });

  test('if PostgreSQL can’t be reached or rejects the login, without showing the password', async () => {
    const closed = `postgres://someone:hidden@127.0.0.1:${await freePort()}/ic_idp`;
    const wrong = new URL(inject('postgresUrl'));
    wrong.password = 'hidden';
    const urls = [closed, wrong.href];
    const [away, refused] = await Promise.all(urls.map((DATABASE_URL) => refusal({ DATABASE_URL, MASTER_KEY })));
    const sentence = `The database ic_idp at ${new URL(closed).host} (DATABASE_URL) can't be opened: the server can't be reached. Start it, or correct DATABASE_URL.\n`;
    expect(away).toEqual({ ...REFUSED, stderr: sentence });
    expect(refused).toMatchObject(REFUSED);
    expect(refused?.stderr).toMatch(
      /^The database \S+ at \S+ \(DATABASE_URL\) can't be opened: .*authentication failed.*\.\n$/,
    );
    expect(refused?.stderr).not.toContain('hidden');
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('a database of version 0.1.0 is not replaced: the start names the command that migrates it', async () => {
  mkdirSync(join(folder, 'data', 'pglite'), { recursive: true });
  const stderr =
    'data/pglite holds the database of version 0.1.0. Migrate it: make a copy of ./data, then run npm run upgrade:pglite in the folder of the service, with the same settings.\n';
  expect(await refusal({})).toEqual({ ...REFUSED, stderr });
  expect(readdirSync(join(folder, 'data'))).toEqual(['pglite']);
});

test('a service whose database was killed and can’t start answers 503, and recovers by itself once it can', async () => {
  const service = await start({});
  const dataDir = join(folder, 'data');
  const pid = pidOfServer(dataDir) ?? 0;
  const configuration = join(dataDir, 'postgresql', 'postgresql.conf');
  const right = readFileSync(configuration);
  const ready = async () => (await fetch(`${service.url}/health/ready`)).status;

  appendFileSync(configuration, '\nno_such_setting = 1\n');
  process.kill(pid, 'SIGKILL');
  await vi.waitUntil(async () => (await ready()) === 503, { timeout: 60_000 });
  await service.logged('the embedded database was lost and does not start; the start is tried again');
  expect(await ready()).toBe(503);

  writeFileSync(configuration, right);
  await vi.waitUntil(async () => (await ready()) === 200, { timeout: 60_000 });
  expect(pidOfServer(dataDir)).not.toBe(pid);
  expect(await endService(service)).toEqual(CLEAN);
  expect(pidOfServer(dataDir)).toBeUndefined();
});
