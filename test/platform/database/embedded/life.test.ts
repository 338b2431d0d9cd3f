import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbeddedServer } from '../../../../src/platform/database/embedded/embedded-server.ts';
import { ask, pidOfServer, serverGone } from '../../../support/postgres/embedded-server.ts';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';
import { useDataDir } from './data-dir.ts';

const SLOW = 120_000;
const place = useDataDir();

describe('the server', () => {
  beforeEach(() => layEmbeddedDatabase(place.dataDir), SLOW);

  test('is shared, and the last user stops it with everything written', { timeout: SLOW }, async () => {
    const first = await openEmbeddedServer(place.dataDir);
    const pid = pidOfServer(place.dataDir);
    const second = await openEmbeddedServer(place.dataDir);
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.release();
    expect(pidOfServer(place.dataDir)).toBe(pid);
    expect(await ask(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.release();
    expect(pidOfServer(place.dataDir)).toBeUndefined();
    expect(readFileSync(join(dataFolderPath(place.dataDir), 'server.log'), 'utf8')).toMatch(
      /database system is shut down\n$/,
    );
  });

  test('stops when several users leave at once, but never under a new user', {
    timeout: SLOW,
  }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const three = await Promise.all([1, 2, 3].map(() => openEmbeddedServer(place.dataDir)));
      const [, ...coming] = await Promise.all([
        Promise.all(three.map((server) => server.release())),
        openEmbeddedServer(place.dataDir),
        openEmbeddedServer(place.dataDir),
      ]);
      for (const server of coming) expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await Promise.all(coming.map((server) => server.release()));
      expect(pidOfServer(place.dataDir)).toBeUndefined();
    }
  });

  test('survives kill -9 of its only user, and is adopted by the next', { timeout: SLOW }, async () => {
    const user = place.start();
    await user.ready;
    const pid = pidOfServer(place.dataDir);
    expect(pid).toBeDefined();
    user.kill('SIGKILL');
    await user.ended;
    const next = await openEmbeddedServer(place.dataDir);
    expect(pidOfServer(place.dataDir)).toBe(pid);
    await next.release();
    expect(pidOfServer(place.dataDir)).toBeUndefined();
  });

  test('outlives Ctrl-C in the terminal of the process that started it', { timeout: SLOW }, async () => {
    const user = place.start({ detached: true });
    await user.ready;
    const pid = pidOfServer(place.dataDir);
    // What a terminal does: SIGINT to the whole process group of the foreground job.
    process.kill(-user.pid, 'SIGINT');
    const other = await openEmbeddedServer(place.dataDir);
    user.release();
    expect(await user.ended).toBe(0);
    expect(pidOfServer(place.dataDir)).toBe(pid);
    await other.release();
  });

  test('restarts by itself after kill -9 and keeps what was committed', {
    timeout: SLOW,
  }, async () => {
    const reports: unknown[] = [];
    const server = await openEmbeddedServer(place.dataDir, (error) => reports.push(error));
    await ask(server.url, 'create table kept as select 42 as answer');
    const pid = pidOfServer(place.dataDir);
    process.kill(pid ?? 0, 'SIGKILL');
    const answer = await vi.waitUntil(() => ask(server.url, 'select answer from kept').catch(() => undefined), {
      timeout: 60_000,
    });
    expect(answer).toEqual([{ answer: 42 }]);
    expect(pidOfServer(place.dataDir)).not.toBe(pid);
    expect(reports).toEqual([]);
    await server.release();
    expect(pidOfServer(place.dataDir)).toBeUndefined();
  });

  test('is released at once while the one that replaced it does not answer', { timeout: 30_000 }, async () => {
    const server = await openEmbeddedServer(place.dataDir);
    const socket = join(dataFolderPath(place.dataDir), '.s.PGSQL.5432');
    renameSync(socket, `${socket}.old`);
    const connections: Socket[] = [];
    const silent = createServer((connection) => connections.push(connection)).listen(socket);
    try {
      await once(silent, 'listening');
      const asked = once(silent, 'connection');
      // Without timers, the limits of the attempt itself never end it.
      vi.useFakeTimers({ toFake: ['setTimeout'] });
      process.kill(pidOfServer(place.dataDir) ?? 0, 'SIGKILL');
      await asked;
      await server.release();
      // No further attempt was made, and no server was started.
      expect(connections).toHaveLength(1);
      expect(pidOfServer(place.dataDir)).toBeUndefined();
    } finally {
      vi.useRealTimers();
      for (const connection of connections) connection.destroy();
      silent.close();
    }
  });

  test('recovers at the next start if both server and user were killed', { timeout: SLOW }, async () => {
    const user = place.start();
    await user.ready;
    const pid = pidOfServer(place.dataDir) ?? 0;
    user.kill('SIGKILL');
    await user.ended;
    process.kill(pid, 'SIGKILL');
    await serverGone(place.dataDir);
    const next = await openEmbeddedServer(place.dataDir);
    expect(await ask(next.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await next.release();
  });

  test('starts even if another program has the process ID that a crash left in postmaster.pid', {
    timeout: SLOW,
  }, async () => {
    const { uid, gid } = statSync(dataFolderPath(place.dataDir));
    const other = spawn('sleep', ['600'], { ...(process.getuid?.() === 0 ? { uid, gid } : {}), cwd: '/' });
    await once(other, 'spawn');
    try {
      writeFileSync(join(dataFolderPath(place.dataDir), 'postmaster.pid'), `${other.pid}\n/proc/self/cwd\n`);
      const server = await openEmbeddedServer(place.dataDir);
      expect(pidOfServer(place.dataDir)).not.toBe(other.pid);
      await server.release();
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });
});
