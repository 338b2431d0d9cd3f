import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { createTestStorage } from '../../support/postgres/storage.ts';

const INSERT = "insert into audit_events (at, event, reference) values (now(), 'session.ended', $1)";

test('a page that reads on waits for events that were begun before its newest, and not for later ones', async () => {
  const storage = await createTestStorage();
  const { services, close } = await storage.open();
  const url = storage.environment.DATABASE_URL;
  const [early, late, other] = [0, 1, 2].map(() => new pg.Client({ connectionString: url }));
  if (early === undefined || late === undefined || other === undefined) throw new Error('three clients');
  const list = async (after: number, limit = 50) =>
    (await runNamed(services, 'audit.list', { after, limit }, actorWithEveryRole('test'))) as {
      id: number;
      reference: string;
    }[];
  try {
    for (const client of [early, late, other]) await client.connect();
    expect(await list(0)).toEqual([]);
    // The first draws the smaller ID, and commits last.
    await early.query('begin');
    await early.query(INSERT, ['early']);
    await other.query(INSERT, ['other']);
    // The page before this one has asked the same.
    const { rows } = await other.query<{ now: string }>('select clock_timestamp()::text as now');
    let done = false;
    const page = list(0).finally(() => {
      done = true;
    });
    await vi.waitUntil(
      async () => {
        const asked = "select 1 from pg_stat_activity where query like '%pg_locks%' and pid <> pg_backend_pid()";
        const answered = `${asked} and state = 'idle' and query_start > $1::timestamptz`;
        return ((await other.query(answered, [rows[0]?.now])).rowCount ?? 0) > 0;
      },
      { timeout: 30_000 },
    );
    await late.query('begin');
    await late.query(INSERT, ['late']);
    expect(done).toBe(false);
    await early.query('commit');
    const seen = await page;
    expect(seen.map(({ reference }) => reference)).toEqual(['early', 'other']);
    await late.query('commit');
    expect((await list(seen.at(-1)?.id ?? 0)).map(({ reference }) => reference)).toEqual(['late']);
    expect((await list(0, 2)).map(({ reference }) => reference)).toEqual(['early', 'other']);
  } finally {
    for (const client of [early, late, other]) await client.end();
    await close();
    await storage.remove();
  }
});

test('a transaction that was rolled back leaves a gap that nobody waits for', async () => {
  const storage = await createTestStorage();
  const { services, close } = await storage.open();
  const client = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
  await client.connect();
  await client.query('begin');
  await client.query(INSERT, ['gone']);
  await client.query('rollback');
  await client.query(INSERT, ['kept']);
  const events = await runNamed(services, 'audit.list', { after: 0 }, actorWithEveryRole('test'));
  expect(events).toMatchObject([{ id: 2, reference: 'kept' }]);
  await expect(runNamed(services, 'audit.list', { after: -1 }, actorWithEveryRole('test'))).rejects.toThrow('after');
  await client.end();
  await close();
  await storage.remove();
});
