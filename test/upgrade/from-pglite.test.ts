import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedServer } from '../../src/platform/database/embedded/embedded-server.ts';
import { carryOver } from '../../tools/upgrade/from-pglite.ts';
import { ask, makeDataDir } from '../support/postgres/embedded-server.ts';
import { startProgram } from '../support/programs/cli.ts';

// Tables that were empty in the installation of the dump; so every table has rows.
const MORE_ROWS = `
insert into installation values ('a fact', 'värde');
insert into expiry_warnings (key_id, days, at, delivery, next_attempt)
  select id, 30, '2026-11-26T01:00:00.123Z', 'waiting', '2026-11-26T02:00:00Z' from signing_keys limit 1;
insert into key_requests select gen_random_uuid(), id, 'EC-P256', '\\x00ff10'::bytea, '-----BEGIN', now() from billers limit 1;
insert into rate_limits values ('sign-in:ada', 3, '2026-11-26T02:00:00Z') on conflict do nothing;
insert into metadata_fetches (biller_id, at, address, client, status, certificates, monitor)
  select id, now(), '192.0.2.1', 'curl "quoted" \\ back', 200, '{a,"b c",NULL}', false from billers limit 1;
insert into one_time_metadata (token_hash, biller_id, key_id, created_at, expires_at, networks)
  select '\\xdeadbeef', biller_id, id, now(), now(), '{}' from signing_keys limit 1;
insert into audit_events (at, event, reference, details)
  values (now(), 'test', 'big', '{"number": 12345678901234567890.123456789, "text": "ä \\u20ac \\\\ \\" 🐘", "none": null}');
insert into audit_events (at, event, reference) select now(), 'many', n::text from generate_series(1, 1200) n;
delete from audit_events where reference = '1200';
`;

let made: Awaited<ReturnType<typeof makeDataDir>>;
let dataDir: string;
let before: Record<string, string[]>;

/** Every row of every table, as text. What a migration has added is empty in these rows, or what was so before. */
async function contentOf(query: (sql: string) => Promise<Record<string, string>[]>): Promise<Record<string, string[]>> {
  await query("set timezone = 'UTC'");
  const tables = await query(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
  );
  const content: Record<string, string[]> = {};
  for (const { name = '' } of tables) {
    if (name === 'schema_migrations' || name === 'rate_limits') continue;
    const rows = await query(
      `select row from (select jsonb_strip_nulls(to_jsonb(t) - '{count,source,began_by,one_time}'::text[])::text as row from ${name} t) rows order by row collate "C"`,
    );
    content[name] = rows.map(({ row = '' }) => row);
  }
  return content;
}

beforeAll(async () => {
  made = await makeDataDir();
  ({ dataDir } = made);
  const folder = join(dataDir, 'pglite');
  mkdirSync(folder, { recursive: true });
  const client = await PGlite.create({ dataDir: folder });
  // What pg_dump writes for psql alone.
  const dump = readFileSync(join(import.meta.dirname, 'version-0.1.0.sql'), 'utf8').replaceAll(/^\\.*$/gm, '');
  await client.exec(dump);
  await client.exec(`set search_path = public; ${MORE_ROWS}`);
  before = await contentOf(async (sql) => (await client.query<Record<string, string>>(sql)).rows);
  await client.close();
});
afterAll(() => made.remove());

test('while the old service has its database, nothing is touched', async () => {
  const holder = createServer();
  await new Promise<void>((listening) => holder.listen(join(dataDir, 'control.sock'), listening));
  try {
    await expect(carryOver(dataDir)).rejects.toThrow(`The old service still uses ${dataDir}. Stop it, then try again.`);
    expect(readdirSync(dataDir).sort()).toEqual(['control.sock', 'pglite']);
  } finally {
    await new Promise((closed) => holder.close(closed));
  }
});

test('every row of every table arrives as it was, and numbers go on where they were', async () => {
  expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([]);
  // As after a power cut between the commit and the renaming: the old folder is there again.
  const folder = join(dataDir, 'pglite');
  await cp(folder, join(dataDir, 'kept'), { recursive: true });
  const first = await carryOver(dataDir);
  await cp(join(dataDir, 'kept'), folder, { recursive: true });
  await cp(join(dataDir, 'kept'), join(dataDir, 'again'), { recursive: true });
  await rm(join(dataDir, 'pglite.carried-over'), { recursive: true });
  const surroundings = { folder: dataDir, env: { DATA_DIR: dataDir } };
  const outcome = await startProgram('tools/upgrade/from-pglite.ts', [], surroundings).outcome;
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout).toContain(`audit_events         ${before.audit_events?.length}\n`);
  expect(first.find(({ table }) => table === 'audit_events')?.rows).toBe(before.audit_events?.length);
  expect(existsSync(folder)).toBe(false);

  const server = await openEmbeddedServer(dataDir);
  try {
    const after = await contentOf((sql) => ask(server.url, sql));
    for (const [table, rows] of Object.entries(before)) expect(after[table], table).toEqual(rows);
    const [next] = await ask(
      server.url,
      "select nextval('audit_events_id_seq')::int - max(id)::int as gap from audit_events",
    );
    // The last row was removed: its number is not given out again.
    expect(next).toEqual({ gap: 2 });

    // A database in which work has gone on is not written over.
    await ask(server.url, "insert into audit_events (at, event, reference) values (now(), 'later', 'later')");
    await cp(join(dataDir, 'again'), folder, { recursive: true });
    await expect(carryOver(dataDir)).rejects.toThrow(/^The new database is in use already/);
    expect(existsSync(folder)).toBe(true);
  } finally {
    await server.release();
  }
});
