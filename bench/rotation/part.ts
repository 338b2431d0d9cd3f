import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runOperation } from '../../src/admin/operations/run.ts';
import { createServices } from '../../src/app.ts';
import { openKeyedHash } from '../../src/core/audit/keyed-hash.ts';
import { createMasterKey } from '../../src/core/secrets/master-key.ts';
import { openPostgresql } from '../../src/platform/database/postgresql.ts';
import { createTestDatabase } from '../../test/support/postgres/postgres.ts';
import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import { type Part, progress } from '../part.ts';
import { median } from '../rounds.ts';
import type { Row, Table } from '../table.ts';

const BILLERS = 500;
/** A year of fetches: each biller's metadata twice a day. */
const FETCHES_EACH = 700;
const ROUNDS = 9;
const DRILL_SIGN_ONS = 1_500;

/** Billers with an active and a staged key each, and a year of fetches. The keys sign nothing here: only rows count. */
async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`insert into billers (slug, name, biller_guid, service_provider, settings, pairwise_salt)
    select 'biller-' || n, 'Biller ' || n, gen_random_uuid(), '{"acs": []}', '{}', '\\x00' from generate_series(1, ${BILLERS}) n`);
  for (const state of ['active', 'staged', 'retired']) {
    await client.query(`insert into signing_keys (id, biller_id, state, key_type, certificate, fingerprint, sealed_private_key, not_before, not_after)
      select gen_random_uuid(), id, '${state}', 'RSA-2048', repeat('A', 1200), md5(random()::text) || md5(random()::text),
        case when '${state}' = 'retired' then null else decode(repeat('00', 1200), 'hex') end,
        now() - interval '2 years', now() + random() * interval '2 years' from billers`);
  }
  await client.query(`insert into metadata_fetches (biller_id, at, address, client, status, certificates, monitor)
    select b.id, now() - n * interval '12 hours', '203.0.113.7', 'their-crm/1.0', 200,
      array(select fingerprint from signing_keys k where k.biller_id = b.id and k.state <> 'retired'), n % 5 = 0
    from billers b, generate_series(0, ${FETCHES_EACH - 1}) n`);
  await client.query('analyze');
  await client.end();
}

async function measureOperations(): Promise<Row[]> {
  const postgres = await startPostgres();
  const { url, drop } = await createTestDatabase(postgres.url);
  const database = await openPostgresql(url);
  try {
    progress(`${BILLERS} billers with keys and ${BILLERS * FETCHES_EACH} fetches`);
    await fill(url);
    const masterKey = createMasterKey(randomBytes(32).toString('base64'));
    const keyedHash = await openKeyedHash(database.db, masterKey);
    const services = createServices({ publicUrl: 'https://idp.example', database, masterKey, keyedHash });
    const rows: Row[] = [];
    for (const name of ['key.status', 'key.plan'] as const) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const began = performance.now();
        await runOperation(services, name, {}, actorWithEveryRole('bench'));
        times.push(performance.now() - began);
      }
      rows.push({ operation: name, billers: BILLERS, ms: median(times), slowestMs: Math.max(...times) });
    }
    return rows;
  } finally {
    await database.close();
    await drop();
    await postgres.stop();
  }
}

/** The drill of the tests, longer. It judges itself: every sign-on must have been accepted. */
function drill(): Row {
  progress(`the drill with ${DRILL_SIGN_ONS} sign-ons of each biller between two steps`);
  const began = performance.now();
  const vitest = new URL('../../node_modules/vitest/vitest.mjs', import.meta.url).pathname;
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', 'test/rotation/drill.test.ts'], {
    env: { ...process.env, DRILL_SIGN_ONS: String(DRILL_SIGN_ONS) },
    encoding: 'utf8',
  });
  const signOns = Number(/drill: (\d+) sign-ons/.exec(stdout)?.[1] ?? 0);
  const minutes = (performance.now() - began) / 60_000;
  return { outcome: status === 0 ? 'none refused' : 'FAILED', signOns, minutes };
}

async function run(): Promise<Table[]> {
  const operations = await measureOperations();
  return [
    {
      key: 'operations',
      title: 'What operators ask, for all billers at once (PostgreSQL)',
      columns: [
        { key: 'operation', heading: 'Operation' },
        { key: 'billers', heading: 'Billers' },
        { key: 'ms', heading: 'ms (median)', digits: 1 },
        { key: 'slowestMs', heading: 'ms (slowest)', digits: 1 },
      ],
      rows: operations,
    },
    {
      key: 'drill',
      title: 'A whole rotation under sign-ons at two instances, three kinds of Service Provider',
      columns: [
        { key: 'outcome', heading: 'Outcome' },
        { key: 'signOns', heading: 'Sign-ons' },
        { key: 'minutes', heading: 'Minutes', digits: 1 },
      ],
      rows: [drill()],
    },
  ];
}

export const rotation: Part = {
  name: 'rotation',
  purpose: 'key status and plan for 500 billers, and a long rotation drill',
  quick: false,
  run,
};
