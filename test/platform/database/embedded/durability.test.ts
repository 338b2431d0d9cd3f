import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../../../src/platform/database/database.ts';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbedded } from '../../../../src/platform/database/open.ts';
import { makeDataDir } from '../../../support/postgres/embedded-server.ts';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';

let dataDir: string;
let remove: () => Promise<void>;
let database: Database | undefined;
beforeEach(async () => {
  ({ dataDir, remove } = await makeDataDir());
  await layEmbeddedDatabase(dataDir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await database?.close();
  database = undefined;
  await remove();
});

const NAMES = ['fsync', 'synchronous_commit', 'full_page_writes'];
async function used(open: Database): Promise<Record<string, string>> {
  const text = `select ${NAMES.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`;
  const [row] = await open.query<Record<string, string>>({ name: 'test-durability', text }, []);
  return row ?? {};
}

test('no file, environment or role setting turns off what makes commits durable', async () => {
  const off = NAMES.map((name) => `${name} = off\n`).join('');
  for (const file of ['postgresql.conf', 'postgresql.auto.conf'])
    appendFileSync(join(dataFolderPath(dataDir), file), off);
  database = await openEmbedded(dataDir);
  await sql`alter role ic_idp set synchronous_commit = off`.execute(database.db);
  await database.close();
  vi.stubEnv('PGOPTIONS', '-c synchronous_commit=off');
  database = await openEmbedded(dataDir);
  expect(await used(database)).toEqual({ fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
});

test('a committed row is flushed when the commit returns', async () => {
  database = await openEmbedded(dataDir);
  const { db } = database;
  for (let row = 0; row < 20; row += 1) {
    const { rows: before } = await sql<{ flushed: string }>`select pg_current_wal_flush_lsn()::text as flushed`.execute(
      db,
    );
    await sql`insert into installation (name, value) values (${`row ${row}`}, repeat('x', 500))`.execute(db);
    const flushed = await sql<{
      ahead: boolean;
    }>`select pg_current_wal_flush_lsn() > ${before[0]?.flushed}::pg_lsn as ahead`.execute(db);
    expect(flushed.rows[0]?.ahead, `row ${row}`).toBe(true);
  }
});
