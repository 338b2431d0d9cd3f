import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { describe, inject, type TestContext, test } from 'vitest';
import { createKeyedHash } from '../../../src/core/audit/keyed-hash.ts';
import { createAuditWriter } from '../../../src/core/audit/writer.ts';
import { type Database, type Db, isDatabaseGone, OutcomeUnknown } from '../../../src/platform/database/database.ts';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { layCable } from '../../support/postgres/cable.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

const POOL_SIZE = 10;

/** A database that is reached through a cable, and a client that connects directly. */
async function start({ onTestFinished }: TestContext) {
  const { url, drop } = await createTestDatabase(inject('postgresUrl'));
  const direct = new pg.Client({ connectionString: url });
  await direct.connect();
  const cable = await layCable(url);
  const database = await openPostgresql(cable.url);
  onTestFinished(async () => {
    await cable.cut();
    await database.close();
    await direct.end();
    await drop();
  });
  return {
    cable,
    database,
    /** Whether a row is committed. */
    isCommitted: async (name: string) =>
      (await direct.query('select 1 from installation where name = $1', [name])).rowCount === 1,
    /** How many connections of the database are in a transaction. */
    async inTransaction(): Promise<number> {
      const { rows } = await direct.query(
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and xact_start is not null
           and pid <> pg_backend_pid()`,
      );
      return rows[0].count;
    },
  };
}

const note = (db: Db, name: string) => db.insertInto('installation').values({ name, value: '' }).execute();

async function pidOf(db: Db): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
  return rows[0]?.pid ?? 0;
}

/** Runs as many transactions as the pool has connections, all open at the same time. @returns their connections */
async function fillPool(database: Database): Promise<number[]> {
  let open = 0;
  const allOpen = Promise.withResolvers<void>();
  return Promise.all(
    Array.from({ length: POOL_SIZE }, () =>
      database.transaction(async (transaction) => {
        const pid = await pidOf(transaction);
        open += 1;
        if (open === POOL_SIZE) allOpen.resolve();
        await allOpen.promise;
        return pid;
      }),
    ),
  );
}

const isGone = (error: unknown) => isDatabaseGone(error);

describe.concurrent('a transaction', () => {
  test('commits and returns a result, or rolls back completely, and frees its connection', async (context) => {
    // Tests that run at the same time need an expect of their own.
    const { expect } = context;
    const { database, isCommitted } = await start(context);
    const given = await database.transaction(async (transaction) => {
      await note(transaction, 'one');
      return pidOf(transaction);
    });
    expect(await isCommitted('one')).toBe(true);
    const ours = new Error('ours');
    const refused = database.transaction(async (transaction) => {
      await note(transaction, 'two');
      expect(await pidOf(transaction)).toBe(given);
      throw ours;
    });
    await expect(refused).rejects.toBe(ours);
    const broken = database.transaction(async (transaction) => {
      await note(transaction, 'three');
      await note(transaction, 'one');
    });
    await expect(broken).rejects.toMatchObject({ code: '23505' });
    expect([await isCommitted('two'), await isCommitted('three')]).toEqual([false, false]);
    expect(await database.transaction(pidOf)).toBe(given);
  });

  test('is not treated as committed if a statement’s error was ignored', async (context) => {
    const { expect } = context;
    const { database, isCommitted } = await start(context);
    const work = database.transaction(async (transaction) => {
      await note(transaction, 'one');
      await note(transaction, 'one').catch(() => undefined);
    });
    await expect(work).rejects.toThrow(/rolled back/);
    expect(await isCommitted('one')).toBe(false);
  });

  test('accepts no statement after its end, and can’t be started by Kysely', async (context) => {
    const { expect } = context;
    const { database } = await start(context);
    const kept = await database.transaction(async (transaction) => transaction);
    await expect(note(kept, 'late')).rejects.toThrow(/after its transaction/);
    const kysely = database.db as unknown as { transaction(): { execute(work: unknown): Promise<unknown> } };
    await expect(kysely.transaction().execute(async () => undefined)).rejects.toThrow(/Database.transaction/);
  });

  test('whose connection stalls is over: later writes don’t become part of it', async (context) => {
    const { expect } = context;
    const { database, cable, isCommitted, inTransaction } = await start(context);
    const before = await fillPool(database);
    const stalled = database.transaction(async (transaction) => {
      await note(transaction, 'in the transaction');
      cable.stall('requests', 'answers');
      await note(transaction, 'in the transaction, not answered');
    });
    const alone = cable.holds().then(() => database.query({ name: 'alone', text: 'select 1' }, []));
    // Both wait until the driver gives up.
    await Promise.all([expect(stalled).rejects.toSatisfy(isGone), expect(alone).rejects.toSatisfy(isGone)]);
    cable.resume();

    const keyedHash = createKeyedHash(Buffer.alloc(32, 1));
    const audit = createAuditWriter({ database, keyedHash, clock: Date.now });
    const details = {
      acs: 'https://sp.example/acs',
      nameIdFormat: 'emailAddress',
      signed: 'both',
      beganBy: 'password',
    };
    const references = Array.from({ length: 2 * POOL_SIZE }, () => randomUUID());
    for (const reference of references) {
      await audit.append({ event: 'assertion.issued', reference, assertionId: reference, details });
    }
    await expect.poll(inTransaction).toBe(0);
    expect(await isCommitted('in the transaction')).toBe(false);
    const rows = await database.query<{ reference: string }>(
      { name: 'references', text: 'select reference from audit_events' },
      [],
    );
    expect(rows.map(({ reference }) => reference).sort()).toEqual(references.sort());
    const after = await fillPool(database);
    expect(before.filter((pid) => after.includes(pid)).length).toBeLessThanOrEqual(POOL_SIZE - 2);
  });

  test('whose connection is cut fails, without crashing the process or breaking the pool', async (context) => {
    const { expect } = context;
    const { database, cable, isCommitted } = await start(context);
    const cut = database.transaction(async (transaction) => {
      await note(transaction, 'cut');
      await cable.cut();
      await note(transaction, 'after the cut');
    });
    await expect(cut).rejects.toSatisfy(isGone);
    await cable.mend();
    expect(new Set(await fillPool(database)).size).toBe(POOL_SIZE);
    expect(await isCommitted('cut')).toBe(false);
  });

  test('that can’t begin frees its place in the pool', async (context) => {
    const { expect } = context;
    const { database, cable } = await start(context);
    await fillPool(database);
    cable.stall('requests');
    const begun = Promise.allSettled(
      Array.from({ length: POOL_SIZE + 2 }, () => database.transaction(async () => expect.fail('it began'))),
    );
    await cable.holds();
    await cable.cut();
    for (const outcome of await begun) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.toSatisfy(isGone) });
    }
    await cable.mend();
    expect(new Set(await fillPool(database)).size).toBe(POOL_SIZE);
  });

  describe('whose connection is cut at the commit', () => {
    test('is looked up, and resolves if the server committed it', async (context) => {
      const { expect } = context;
      const { database, cable, isCommitted } = await start(context);
      const work = database.transaction(async (transaction) => {
        await note(transaction, 'committed');
        cable.stall('answers');
        return 'result';
      });
      await expect.poll(() => isCommitted('committed')).toBe(true);
      await cable.cut();
      await cable.mend();
      expect(await work).toBe('result');
      expect(new Set(await fillPool(database)).size).toBe(POOL_SIZE);
    });

    test('is looked up, and rejects if the server did not', async (context) => {
      const { expect } = context;
      const { database, cable, isCommitted } = await start(context);
      const work = database.transaction(async (transaction) => {
        await note(transaction, 'lost');
        cable.stall('requests');
      });
      const refused = expect(work).rejects.toSatisfy(
        (error) => isDatabaseGone(error) && !(error instanceof OutcomeUnknown),
      );
      await cable.holds();
      await cable.cut();
      await cable.mend();
      await refused;
      expect(await isCommitted('lost')).toBe(false);
    });

    test('reports an unknown outcome if the server can’t be asked', async (context) => {
      const { expect } = context;
      const { database, cable } = await start(context);
      const work = database.transaction(async (transaction) => {
        await note(transaction, 'unknown');
        cable.stall('answers');
      });
      const refused = expect(work).rejects.toSatisfy(
        (error) => error instanceof OutcomeUnknown && isDatabaseGone(error),
      );
      await cable.holds();
      await cable.cut();
      await refused;
    });
  });

  test('that is idle for ten seconds is ended by the server', async (context) => {
    const { expect } = context;
    const { database } = await start(context);
    const { rows } = await sql<Record<string, string>>`show idle_in_transaction_session_timeout`.execute(database.db);
    expect(Object.values(rows[0] ?? {})).toEqual(['10s']);
  });
});
