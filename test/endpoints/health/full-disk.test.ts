import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createAuditProbe } from '../../../src/core/audit/probe.ts';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'ic-idp-full-disk-'));
const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'ic-idp-test', folder]);
if (status !== 0) rmSync(folder, { recursive: true });

/** Mounting a small file system takes root. It holds the audit alone: a full write-ahead log would end the server. */
describe.runIf(status === 0)('with the audit on a full disk', () => {
  const space = `ic_idp_test_${crypto.randomUUID().slice(0, 8)}`;
  let admin: pg.Client;
  let database: Awaited<ReturnType<typeof openPostgresql>>;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const place = join(folder, 'space');
    mkdirSync(place, { mode: 0o700 });
    // The user that the tests' server runs as under root.
    execFileSync('chown', ['nobody', place]);
    const made = await createTestDatabase(inject('postgresUrl'));
    drop = made.drop;
    database = await openPostgresql(made.url);
    admin = new pg.Client({ connectionString: made.url });
    await admin.connect();
    await admin.query(`create tablespace ${space} location '${place}'`);
    await admin.query(`alter table audit_events set tablespace ${space}`);
  });
  afterAll(async () => {
    rmSync(join(folder, 'filler'), { force: true });
    await database?.close();
    await admin?.end();
    await drop?.();
    const server = new pg.Client({ connectionString: inject('postgresUrl') });
    await server.connect();
    await server.query(`drop tablespace if exists ${space}`);
    await server.end();
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  test('readiness names it, and notices when there is room again', async () => {
    let now = 0;
    const probe = createAuditProbe({ database, clock: () => (now += 10_000) });
    expect(await probe()).toEqual([]);
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize));
    // The first events still fit into the page that the table has begun.
    let problems = await probe();
    for (let more = 0; more < 50 && problems.length === 0; more += 1) problems = await probe();
    expect(problems).toMatchObject([{ sentence: 'the disk of the database is full', blocking: true }]);
    rmSync(join(folder, 'filler'));
    expect(await probe()).toEqual([]);
  });
});
