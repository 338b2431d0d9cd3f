import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { findBiller, insertBiller } from '../../../src/core/billers/store.ts';
import { publishedKeys } from '../../../src/core/keys/store.ts';
import { findUser } from '../../../src/core/portal-users/store.ts';
import type { Database } from '../../../src/platform/database/database.ts';
import { MIGRATIONS_FOLDER, migrationNames } from '../../../src/platform/database/migrate.ts';
import { openDatabase } from '../../../src/platform/database/open.ts';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';
import { newBillerRow } from '../../support/postgres/rows.ts';

/** The migrations of version 0.1.0, with the times by which it recorded them (drizzle-orm's journal). */
const VERSION_0_1_0 = [
  ['0000_foundation', 1795492554663],
  ['0001_change_notices', 1795492558457],
  ['0002_sign_on_traces', 1795509781971],
  ['0003_key_rotation', 1795511261508],
  ['0004_audit_search', 1795514744072],
] as const;

let url: string;
let drop: () => Promise<void>;
let client: pg.Client;
let opened: Database[] = [];

beforeEach(async () => {
  ({ url, drop } = await createTestDatabase(inject('postgresUrl')));
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(async () => {
  for (const database of opened) await database.close();
  opened = [];
  await client.end();
  await drop();
});

async function open(): Promise<Database> {
  const database = await openPostgresql(url);
  opened.push(database);
  return database;
}

async function applied(): Promise<string[]> {
  const { rows } = await client.query('select name from schema_migrations order by applied_at, name');
  return rows.map(({ name }) => name);
}

/** Does what drizzle-orm's migrator did in version 0.1.0. @param count of its migrations */
async function migrateAsVersion010(count: number): Promise<void> {
  await client.query('create schema if not exists drizzle');
  await client.query(
    'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
  );
  await client.query('begin');
  for (const [name, time] of VERSION_0_1_0.slice(0, count)) {
    const sql = readFileSync(`${MIGRATIONS_FOLDER}/${name}.sql`, 'utf8');
    await client.query(sql);
    const hash = createHash('sha256').update(sql).digest('hex');
    await client.query('insert into drizzle.__drizzle_migrations ("hash", "created_at") values ($1, $2)', [hash, time]);
  }
  await client.query('commit');
}

test('applies every migration to a new database once, however often it is opened, and keeps its rows', async () => {
  const first = await open();
  expect(migrationNames().length).toBeGreaterThanOrEqual(6);
  expect(await applied()).toEqual(migrationNames());
  const biller = newBillerRow();
  await insertBiller(first.db, biller);

  const second = await open();
  expect(await applied()).toEqual(migrationNames());
  expect((await findBiller(second.db, biller.slug))?.id).toBe(biller.id);
});

test('instances that start together on an empty database take turns with the migrations', async () => {
  await Promise.all(Array.from({ length: 5 }, open));
  expect(await applied()).toEqual(migrationNames());
});

describe('a database of version 0.1.0', () => {
  test('gets only the new migrations, and all its rows can be read', async () => {
    await migrateAsVersion010(VERSION_0_1_0.length);
    const { id, slug, name, billerGuid, serviceProvider, settings, pairwiseSalt } = newBillerRow();
    const json = [serviceProvider, settings].map((value) => JSON.stringify(value));
    await client.query(
      `insert into billers (id, slug, name, biller_guid, service_provider, settings, pairwise_salt)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [id, slug, name, billerGuid, ...json, pairwiseSalt],
    );
    await client.query(
      `insert into signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after)
       values (gen_random_uuid(), $1, 'active', 'RSA-2048', 'MII=', 'ab12', '\\x0102', '2026-01-01Z', '2029-01-01Z')`,
      [id],
    );
    await client.query(
      `insert into portal_users (biller_id, email, email_key, password_hash) values ($1, 'Ada@x.org', 'ada@x.org', 'hash')`,
      [id],
    );
    // Two hand-overs at the same time could leave two URLs in force.
    await client.query(
      `insert into one_time_metadata (token_hash, biller_id, key_id, created_at, expires_at, networks)
       select decode(hash, 'hex'), biller_id, id, created, now(), '{}' from signing_keys,
         (values ('01', now()), ('03', now() + interval '1 s'), ('02', now())) made (hash, created)`,
    );

    const { db } = await open();
    expect(await applied()).toEqual(expect.arrayContaining(migrationNames()));
    const urls = await db.selectFrom('oneTimeMetadata').select('tokenHash').execute();
    expect(urls).toEqual([{ tokenHash: Buffer.from([3]) }]);
    expect(await findBiller(db, slug)).toMatchObject({ id, name, billerGuid, serviceProvider, settings, pairwiseSalt });
    expect(await publishedKeys(db, id)).toMatchObject([
      { fingerprint: 'ab12', sealedPrivateKey: Buffer.from([1, 2]), notAfter: new Date('2029-01-01T00:00:00Z') },
    ]);
    expect(await findUser(db, id, 'ada@X.org')).toMatchObject({ email: 'Ada@x.org', passwordHash: 'hash' });
    // A running 0.1.0 instance keeps counting sign-ins in its own table.
    await client.query(
      `insert into rate_limits (key, points, expire) values ('account:abc', 10, '2026-03-01T08:15:00.123Z')`,
    );
    expect(await db.selectFrom('signInAttempts').selectAll().execute()).toEqual([]);
  });

  test('that stopped halfway through its own upgrades gets the missing ones', async () => {
    await migrateAsVersion010(2);
    await open();
    expect((await applied()).toSorted()).toEqual(migrationNames());
  });
});

describe('a database of a newer version is refused and left unchanged if', () => {
  test('this version or a later one recorded its migrations', async () => {
    await (await open()).close();
    opened = [];
    await client.query(`insert into schema_migrations (name) values ('9999_from_the_future')`);
    const refused = openDatabase({ DATABASE_URL: url } as Parameters<typeof openDatabase>[0]);
    await expect(refused).rejects.toThrow(/newer version of ic-idp .*9999_from_the_future.*run that version/);
  });

  test('they are recorded in the format of version 0.1.0', async () => {
    await migrateAsVersion010(VERSION_0_1_0.length);
    await client.query(`insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 1999999999999)`);
    await expect(openPostgresql(url)).rejects.toThrow(/newer version/);
    const { rows } = await client.query(`select to_regclass('schema_migrations') as table`);
    expect(rows).toEqual([{ table: null }]);
  });
});

test('a failed migration is rolled back completely, and the ones before it stay', async () => {
  // The last statements of 0003 add a constraint that this row violates.
  await migrateAsVersion010(3);
  const id = crypto.randomUUID();
  await client.query(
    `insert into billers (id, slug, name, biller_guid, service_provider, settings, pairwise_salt)
     values ($1, 'riverton', 'Riverton', gen_random_uuid(), '{}', '{}', '')`,
    [id],
  );
  await client.query(
    `insert into signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after)
     values (gen_random_uuid(), $1, 'retired', 'RSA-2048', '', '', '', now(), now())`,
    [id],
  );
  await expect(openPostgresql(url)).rejects.toThrow(/signing_keys_private_part/);
  expect(await applied()).toEqual(migrationNames().slice(0, 3));
  const { rows } = await client.query(`select to_regclass('expiry_warnings') as table`);
  expect(rows).toEqual([{ table: null }]);
});
