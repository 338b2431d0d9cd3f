import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbeddedServer } from '../../../../src/platform/database/embedded/embedded-server.ts';
import { ask, pidOfServer } from '../../../support/postgres/embedded-server.ts';
import { useDataDir } from './data-dir.ts';

const SLOW = 120_000;
const place = useDataDir();

describe('the first start', () => {
  test('creates a database for its owner only, on a socket only, that flushes to disk', {
    timeout: SLOW,
  }, async () => {
    const server = await openEmbeddedServer(place.dataDir);
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

    const folder = dataFolderPath(place.dataDir);
    const stats = statSync(folder);
    expect(stats.mode & 0o777).toBe(0o700);
    expect(statSync(place.dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'pgpass')).mode & 0o777).toBe(0o600);
    // PostgreSQL does not run as root; for root, its files belong to a user ID that no other program has.
    expect(stats.uid).not.toBe(0);
    expect(statSync(`/proc/${pidOfServer(place.dataDir)}`).uid).toBe(stats.uid);
    expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(`:${process.getuid?.() === 0 ? stats.uid : 'none'}:`);
    expect(readdirSync(place.dataDir)).toEqual(['postgresql']);
    await server.release();
    expect(pidOfServer(place.dataDir)).toBeUndefined();
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      statSync(join(folder, name)),
    );
    expect(new Set(files.map(({ uid }) => uid))).toEqual(new Set([stats.uid]));
    expect(files.filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
  });

  test('by four processes at once creates one database, which all of them use', { timeout: SLOW }, async () => {
    const users = Array.from({ length: 4 }, () => place.start());
    await Promise.all(users.map(({ ready }) => ready));
    expect(readdirSync(place.dataDir)).toEqual(['postgresql']);
    for (const user of users) user.release();
    expect(await Promise.all(users.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    expect(pidOfServer(place.dataDir)).toBeUndefined();
  });

  test('leaves nothing that blocks the next one, whenever it is killed', { timeout: 3 * SLOW }, async () => {
    for (const moment of [50, 400, 1_000, 2_000, 4_000]) {
      const user = place.start();
      await Promise.race([pause(moment), user.ready]);
      user.kill('SIGKILL');
      await user.ended;
    }
    const server = await openEmbeddedServer(place.dataDir);
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.release();
    // An orphaned initdb may still be writing; a later start removes its files.
    await vi.waitUntil(
      async () => {
        await (await openEmbeddedServer(place.dataDir)).release();
        return readdirSync(place.dataDir).length === 1;
      },
      { timeout: 60_000 },
    );
    expect(readdirSync(place.dataDir)).toEqual(['postgresql']);
  });
});
