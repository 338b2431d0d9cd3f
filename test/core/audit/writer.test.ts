import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditEvent } from '../../../src/core/audit/events.ts';
import { listEvents } from '../../../src/core/audit/store.ts';
import type { AuditWriter } from '../../../src/core/audit/writer.ts';
import type { Db } from '../../../src/platform/database/database.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';

const BILLER = crypto.randomUUID();
let made = 0;

/** A new reference, and an event with it. */
function newEvent(): AuditEvent {
  made += 1;
  const reference = `REF-${made}`;
  return { event: 'sign_in.failed', reference, billerId: BILLER, details: { reason: 'wrong_password' } };
}

function issued(requestId: string | undefined, assertionId: string): AuditEvent {
  made += 1;
  const details = { acs: 'https://sp.example/acs', nameIdFormat: 'emailAddress', signed: 'both', beganBy: 'password' };
  return { event: 'assertion.issued', reference: `REF-${made}`, billerId: BILLER, requestId, assertionId, details };
}

/** How many transactions wrote these events, according to the database. */
async function transactionsOf(db: Db, events: readonly AuditEvent[]): Promise<number> {
  const references = events.map((event) => event.reference);
  const row = await db
    .selectFrom('auditEvents')
    .select([
      sql<number>`count(distinct audit_events.xmin::text)::int`.as('transactions'),
      sql<number>`count(*)::int`.as('rows'),
    ])
    .where('reference', 'in', references)
    .executeTakeFirst();
  expect(row?.rows).toBe(events.length);
  return row?.transactions ?? 0;
}

async function isCommitted(db: Db, event: AuditEvent): Promise<boolean> {
  return (await listEvents(db, { reference: event.reference, limit: 1 })).length === 1;
}

/** The result of each append: true, false, or the error code. */
async function outcomes(appends: readonly Promise<boolean>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(appends);
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code));
}

let storage: TestStorage;
let connection: TestConnection;
let db: Db;
let audit: AuditWriter;

async function open(): Promise<void> {
  storage = await createTestStorage();
  connection = await storage.open();
  db = connection.database.db;
  audit = connection.services.audit;
}

async function close(): Promise<void> {
  await connection.close();
  await storage.remove();
}

describe('the audit writer', () => {
  beforeAll(open);
  afterAll(close);

  test('events that arrive together are committed together, in order', async () => {
    const events = Array.from({ length: 300 }, newEvent);
    expect(await Promise.all(events.map((event) => audit.append(event)))).toEqual(events.map(() => true));
    // The first is written immediately; the others wait for its commit and are written together.
    expect(await transactionsOf(db, events)).toBe(2);
    const rows = await listEvents(db, { billerId: BILLER, event: 'sign_in.failed', limit: 300 });
    expect(rows.reverse().map((row) => row.reference)).toEqual(events.map((event) => event.reference));
  });

  test('more events than fit into one statement are committed too', async () => {
    const events = Array.from({ length: 1_300 }, newEvent);
    await Promise.all(events.map((event) => audit.append(event)));
    expect(await transactionsOf(db, events)).toBe(4);
  });

  test('events that arrive one after another don’t wait for more', async () => {
    const events = Array.from({ length: 3 }, newEvent);
    for (const event of events) {
      expect(await audit.append(event)).toBe(true);
      expect(await isCommitted(db, event)).toBe(true);
    }
    expect(await transactionsOf(db, events)).toBe(3);
  });

  test('only a request that was already answered is refused', async () => {
    expect(await audit.append(issued('_answered', '_first'))).toBe(true);
    expect(await audit.append(issued('_answered', '_second'))).toBe(false);
    const together = ['_x', '_answered', '_y', '_x', undefined, undefined].map((requestId, index) =>
      audit.append(issued(requestId, `_together-${index}`)),
    );
    const other = audit.append(newEvent());
    expect(await Promise.all(together)).toEqual([true, false, true, false, true, true]);
    expect(await other).toBe(true);
    const rows = await listEvents(db, { event: 'assertion.issued', limit: 100 });
    const written = ['_first', '_together-0', '_together-2', '_together-4', '_together-5'];
    expect(rows.map((row) => row.assertionId).sort()).toEqual(written);
  });

  test('a failed commit is reported to exactly those who waited for it; later ones succeed', async () => {
    const [early, poisoned, neighbor, late] = [
      newEvent(),
      { ...newEvent(), reference: 'POISON' },
      newEvent(),
      newEvent(),
    ];
    // The rule is checked at commit, not at insert, so resolving before the commit would be wrong.
    await sql`create function refuse() returns trigger language plpgsql as $$ begin
      if new.reference = 'POISON' then raise exception 'refused at commit'; end if; return null; end $$`.execute(db);
    await sql`create constraint trigger refuse after insert on audit_events
      deferrable initially deferred for each row execute function refuse()`.execute(db);
    try {
      // The first is written alone; the next two share a transaction; the last arrives after they failed.
      const appends = [audit.append(early), audit.append(poisoned), audit.append(neighbor)];
      expect(await outcomes(appends)).toEqual([true, 'internal_error', 'internal_error']);
      expect(await outcomes([audit.append(late)])).toEqual([true]);
      const committed = await Promise.all([early, poisoned, neighbor, late].map((event) => isCommitted(db, event)));
      expect(committed).toEqual([true, false, false, true]);
    } finally {
      await sql`drop trigger refuse on audit_events`.execute(db);
      await sql`drop function refuse`.execute(db);
    }
  });

  test('drained waits for everything appended, even if it fails', async () => {
    const events = Array.from({ length: 20 }, newEvent);
    const appends = events.map((event) => audit.append(event));
    await audit.drained();
    expect(await transactionsOf(db, events)).toBe(2);
    await Promise.all(appends);
    await audit.drained();

    await sql`alter table audit_events rename to audit_events_away`.execute(db);
    const refused = outcomes([audit.append(newEvent()), audit.append(newEvent())]);
    await audit.drained();
    await sql`alter table audit_events_away rename to audit_events`.execute(db);
    expect(await refused).toEqual(['internal_error', 'internal_error']);
  });

  test('text that the database can’t store does not affect other events', async () => {
    const odd = ['NUL \u0000', 'half a surrogate pair \ud83d', 'the other half \ude00', '\u0001 \u001f \u007f'].map(
      (reason) => ({
        ...newEvent(),
        event: 'sign_in.failed' as const,
        requestId: reason,
        details: { reason },
      }),
    );
    const events = [newEvent(), newEvent(), ...odd, newEvent()];
    expect(await outcomes(events.map((event) => audit.append(event)))).toEqual(events.map(() => true));
    for (const event of events) expect(await isCommitted(db, event)).toBe(true);
  });
});

describe('the audit writer while PostgreSQL can’t commit', () => {
  let other: pg.Client;
  beforeAll(async () => {
    await open();
    other = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await close();
  });

  /** The server process that waits for the lock on the audit table. */
  async function waitingBackend(): Promise<number> {
    return vi.waitUntil(
      async () => {
        const { rows } = await other.query(
          "select pid from pg_locks where relation = 'audit_events'::regclass and not granted",
        );
        return (rows[0]?.pid as number | undefined) ?? false;
      },
      { timeout: 4_000 },
    );
  }

  test('nothing resolves before the commit, and a lost connection affects only one INSERT', async () => {
    await other.query('begin; lock table audit_events in access exclusive mode');
    const reported: string[] = [];
    const append = (event: AuditEvent) =>
      audit.append(event).finally(() => {
        reported.push(event.reference);
      });
    const [inFlight, ...next] = Array.from({ length: 4 }, newEvent) as [AuditEvent, ...AuditEvent[]];
    const lost = append(inFlight);
    const pid = await waitingBackend();
    const waiting = next.map(append);
    expect(reported).toEqual([]);

    const ended = expect(lost).rejects.toMatchObject({ code: 'service_unavailable', retryAfter: 10 });
    await other.query('select pg_terminate_backend($1)', [pid]);
    await ended;
    expect(reported).toEqual([inFlight.reference]);
    await waitingBackend();
    await other.query('commit');
    expect(await outcomes(waiting)).toEqual([true, true, true]);
    expect(await transactionsOf(db, next)).toBe(1);
    expect(await isCommitted(db, inFlight)).toBe(false);
  });

  test('a reported commit is visible to every other connection', async () => {
    const elsewhere = new pg.Pool({ connectionString: storage.environment.DATABASE_URL });
    // Its connections close just after `end` resolves, when the database may already be gone.
    elsewhere.on('error', () => undefined);
    const events = Array.from({ length: 50 }, newEvent);
    const seen = await Promise.all(
      events.map(async (event) => {
        await audit.append(event);
        return (await elsewhere.query('select 1 from audit_events where reference = $1', [event.reference])).rowCount;
      }),
    );
    await elsewhere.end();
    expect(seen).toEqual(events.map(() => 1));
  });
});
