import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

let url: string;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ url, drop } = await createTestDatabase(inject('postgresUrl')));
});
afterAll(() => drop?.());

test.each([
  ['off', 'on'],
  ['local', 'local'],
  ['on', 'on'],
  ['remote_apply', 'remote_apply'],
])('a database with synchronous_commit = %s is used with %s, in and outside of transactions', async (set, used) => {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const { pathname } = new URL(url);
  await admin.query(`alter database ${pathname.slice(1)} set synchronous_commit = ${set}`);
  await admin.end();
  const database = await openPostgresql(url);
  try {
    const show = { name: 'test-show', text: 'show synchronous_commit' };
    // Several connections at once, each of them new.
    const shown = await Promise.all([1, 2, 3].map(() => database.query(show, [])));
    expect(shown.flat()).toEqual(Array(3).fill({ synchronous_commit: used }));
    const within = await database.transaction((transaction) =>
      sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(transaction),
    );
    expect(Object.values(within.rows[0] ?? {})).toEqual([used]);
  } finally {
    await database.close();
  }
});
