import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbeddedServer } from '../../../../src/platform/database/embedded/embedded-server.ts';
import {
  ask,
  copyEmbeddedDatabase,
  makeDataDir,
  makeTemplate,
  pidOfServer,
  serverGone,
  startUserProcess,
  type UserProcess,
} from '../../../support/postgres/embedded-server.ts';

const SLOW = 120_000;

let template: string;
let dataDir: string;
let remove: () => Promise<void>;
let processes: UserProcess[] = [];

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'ic-idp-template-'));
  await makeTemplate(template);
}, SLOW);
afterAll(() => rmSync(template, { recursive: true, force: true }));
beforeEach(async () => ({ dataDir, remove } = await makeDataDir()));
afterEach(async () => {
  for (const one of processes) one.kill('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  processes = [];
  await remove();
});

const lay = () => copyEmbeddedDatabase(template, dataDir);
function start(options?: Parameters<typeof startUserProcess>[1]): UserProcess {
  const one = startUserProcess(dataDir, options);
  processes.push(one);
  return one;
}

describe('the first start', () => {
  test('creates a database for its owner only, on a socket only, that flushes to disk', {
    timeout: SLOW,
  }, async () => {
    const server = await openEmbeddedServer(dataDir);
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses', 'jit'];
    const [settings] = await ask(
      server.url,
      `select ${names.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`,
    );
    expect(settings).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '',
      jit: 'off',
    });
    const [role] = await ask(server.url, 'select rolsuper, rolname from pg_roles where rolname = current_user');
    expect(role).toEqual({ rolsuper: false, rolname: 'ic_idp' });

    const folder = dataFolderPath(dataDir);
    const stats = statSync(folder);
    expect(stats.mode & 0o777).toBe(0o700);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'pgpass')).mode & 0o777).toBe(0o600);
    // PostgreSQL does not run as root; for root, its files belong to a user ID that no other program has.
    expect(stats.uid).not.toBe(0);
    expect(statSync(`/proc/${pidOfServer(dataDir)}`).uid).toBe(stats.uid);
    expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(`:${process.getuid?.() === 0 ? stats.uid : 'none'}:`);
    expect(readdirSync(dataDir)).toEqual(['postgresql']);
    await server.release();
    expect(pidOfServer(dataDir)).toBeUndefined();
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(folder, name)),
    );
    expect(new Set(files.map(({ uid }) => uid))).toEqual(new Set([stats.uid]));
    expect(files.filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
  });

  test('by four processes at once creates one database, which all of them use', { timeout: SLOW }, async () => {
    const users = Array.from({ length: 4 }, () => start());
    await Promise.all(users.map(({ ready }) => ready));
    expect(readdirSync(dataDir)).toEqual(['postgresql']);
    for (const user of users) user.release();
    expect(await Promise.all(users.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    expect(pidOfServer(dataDir)).toBeUndefined();
  });

  test('leaves nothing that blocks the next one, whenever it is killed', { timeout: 3 * SLOW }, async () => {
    for (const moment of [50, 400, 1_000, 2_000, 4_000]) {
      const user = start();
      await Promise.race([pause(moment), user.ready]);
      user.kill('SIGKILL');
      await user.ended;
    }
    const server = await openEmbeddedServer(dataDir);
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.release();
    // An orphaned initdb may still be writing; a later start removes its files.
    await vi.waitUntil(
      async () => {
        await (await openEmbeddedServer(dataDir)).release();
        return readdirSync(dataDir).length === 1;
      },
      { timeout: 60_000 },
    );
    expect(readdirSync(dataDir)).toEqual(['postgresql']);
  });
});

describe('the server', () => {
  beforeEach(lay, SLOW);

  test('is shared, and the last user stops it with everything written', { timeout: SLOW }, async () => {
    const first = await openEmbeddedServer(dataDir);
    const pid = pidOfServer(dataDir);
    const second = await openEmbeddedServer(dataDir);
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.release();
    expect(pidOfServer(dataDir)).toBe(pid);
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.release();
    expect(pidOfServer(dataDir)).toBeUndefined();
    expect(readFileSync(join(dataFolderPath(dataDir), 'server.log'), 'utf8')).toMatch(
      /database system is shut down\n$/,
    );
  });

  test('stops when several users leave at once, but never under a new user', {
    timeout: SLOW,
  }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const three = await Promise.all([1, 2, 3].map(() => openEmbeddedServer(dataDir)));
      const [, ...coming] = await Promise.all([
        Promise.all(three.map((server) => server.release())),
        openEmbeddedServer(dataDir),
        openEmbeddedServer(dataDir),
      ]);
      for (const server of coming) expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await Promise.all(coming.map((server) => server.release()));
      expect(pidOfServer(dataDir)).toBeUndefined();
    }
  });

  test('survives kill -9 of its only user, and is adopted by the next', { timeout: SLOW }, async () => {
    const user = start();
    await user.ready;
    const pid = pidOfServer(dataDir);
    expect(pid).toBeDefined();
    user.kill('SIGKILL');
    await user.ended;
    const next = await openEmbeddedServer(dataDir);
    expect(pidOfServer(dataDir)).toBe(pid);
    await next.release();
    expect(pidOfServer(dataDir)).toBeUndefined();
  });

  test('outlives Ctrl-C in the terminal of the process that started it', { timeout: SLOW }, async () => {
    const user = start({ detached: true });
    await user.ready;
    const pid = pidOfServer(dataDir);
    // What a terminal does: SIGINT to the whole process group of the foreground job.
    process.kill(-user.pid, 'SIGINT');
    const other = await openEmbeddedServer(dataDir);
    user.release();
    expect(await user.ended).toBe(0);
    expect(pidOfServer(dataDir)).toBe(pid);
    await other.release();
  });

  test('restarts by itself after kill -9 and keeps what was committed', {
    timeout: SLOW,
  }, async () => {
    const reports: unknown[] = [];
    const server = await openEmbeddedServer(dataDir, (error) => reports.push(error));
    await ask(server.url, 'create table kept as select 42 as answer');
    const pid = pidOfServer(dataDir);
    process.kill(pid ?? 0, 'SIGKILL');
    const answer = await vi.waitUntil(() => ask(server.url, 'select answer from kept').catch(() => undefined), {
      timeout: 60_000,
    });
    expect(answer).toEqual([{ answer: 42 }]);
    expect(pidOfServer(dataDir)).not.toBe(pid);
    expect(reports).toEqual([]);
    await server.release();
    expect(pidOfServer(dataDir)).toBeUndefined();
  });

  test('is released at once while the one that replaced it does not answer', { timeout: 30_000 }, async () => {
    const server = await openEmbeddedServer(dataDir);
    const socket = join(dataFolderPath(dataDir), '.s.PGSQL.5432');
    renameSync(socket, `${socket}.old`);
    const connections: Socket[] = [];
    const silent = createServer((connection) => connections.push(connection)).listen(socket);
    try {
      await once(silent, 'listening');
      const asked = once(silent, 'connection');
      // Without timers, the limits of the attempt itself never end it.
      vi.useFakeTimers({ toFake: ['setTimeout'] });
      process.kill(pidOfServer(dataDir) ?? 0, 'SIGKILL');
      await asked;
      await server.release();
      // No further attempt was made, and no server was started.
      expect(connections).toHaveLength(1);
      expect(pidOfServer(dataDir)).toBeUndefined();
    } finally {
      vi.useRealTimers();
      for (const connection of connections) connection.destroy();
      silent.close();
    }
  });

  test('recovers at the next start if both server and user were killed', { timeout: SLOW }, async () => {
    const user = start();
    await user.ready;
    const pid = pidOfServer(dataDir) ?? 0;
    user.kill('SIGKILL');
    await user.ended;
    process.kill(pid, 'SIGKILL');
    await serverGone(dataDir);
    const next = await openEmbeddedServer(dataDir);
    expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await next.release();
  });

  test('starts even if another program has the process ID that a crash left in postmaster.pid', {
    timeout: SLOW,
  }, async () => {
    const { uid, gid } = statSync(dataFolderPath(dataDir));
    const other = spawn('sleep', ['600'], { ...(process.getuid?.() === 0 ? { uid, gid } : {}), cwd: '/' });
    await once(other, 'spawn');
    try {
      writeFileSync(join(dataFolderPath(dataDir), 'postmaster.pid'), `${other.pid}\n/proc/self/cwd\n`);
      const server = await openEmbeddedServer(dataDir);
      expect(pidOfServer(dataDir)).not.toBe(other.pid);
      await server.release();
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });
});
