import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import type { AuditEvent } from '../../../src/core/audit/events.ts';
import { type AuditFilter, listEvents } from '../../../src/core/audit/store.ts';
import { type AuditWriter, createAuditWriter } from '../../../src/core/audit/writer.ts';
import { deleteBiller, insertBiller } from '../../../src/core/billers/store.ts';
import { InputError } from '../../../src/platform/errors/idp-error.ts';
import { newBillerRow } from '../../support/postgres/rows.ts';
import { useTestStorage } from '../../support/postgres/use-storage.ts';

const ADA = randomUUID();
const GRACE = randomUUID();
const [riverton, springfield] = [newBillerRow(), newBillerRow()];
const at = (minutes: number) => Date.UTC(2026, 2, 1, 8, minutes);

/** The audit events of one morning, in the order written. */
const MORNING: readonly AuditEvent[] = [
  signIn('amber-otter-a', riverton.id, ADA, 'Ada@Example.com'),
  assertion('amber-otter-b', riverton.id, ADA, 'Ada@Example.com', '_request-1'),
  signIn('amber-otter-c', springfield.id, ADA, 'ada@example.com'),
  {
    event: 'sign_in.failed',
    reference: 'amber-otter-d',
    billerId: riverton.id,
    email: 'grace@example.com',
    details: { reason: 'unknown_user' },
  },
  signIn('amber-otter-e', riverton.id, GRACE, 'grace@example.com'),
  assertion('amber-otter-f', riverton.id, GRACE, 'grace@example.com', '_request-2'),
];

function signIn(reference: string, billerId: string, userId: string, email: string): AuditEvent {
  return { event: 'sign_in.succeeded', reference, billerId, userId, email, details: { beganBy: 'password' } };
}

function assertion(reference: string, billerId: string, userId: string, email: string, requestId: string): AuditEvent {
  const details = { acs: 'https://sp.example/acs', nameIdFormat: 'emailAddress', signed: 'both', beganBy: 'password' };
  const about = { reference, billerId, userId, email, requestId, assertionId: `_assertion-of${requestId}` };
  return { event: 'assertion.issued', ...about, keyFingerprint: 'ab12', details };
}

describe('the audit', () => {
  const store = useTestStorage();
  let audit: AuditWriter;
  let minute = 0;

  beforeAll(async () => {
    const { database, services } = store.connection;
    for (const biller of [riverton, springfield]) await insertBiller(database.db, biller);
    audit = createAuditWriter({ database, keyedHash: services.keyedHash, clock: () => at(minute) });
    for (const event of MORNING) {
      await audit.append(event);
      minute += 10;
    }
  });

  async function references(filter: Partial<AuditFilter>): Promise<string[]> {
    const rows = await listEvents(store.connection.database.db, { limit: 100, ...filter });
    return rows.map((row) => row.reference.slice(-1));
  }
  const operate = async (input: Record<string, unknown>) =>
    (await runNamed(store.connection.services, 'audit.list', input, actorWithEveryRole('test'))) as {
      reference: string;
    }[];

  test('lists the newest first, up to the limit, and pages on from there', async () => {
    expect(await references({})).toEqual(['f', 'e', 'd', 'c', 'b', 'a']);
    const page = await listEvents(store.connection.database.db, { limit: 4 });
    expect(page.map(({ reference }) => reference.slice(-1))).toEqual(['f', 'e', 'd', 'c']);
    expect(page.map((row) => row.at)).toEqual([50, 40, 30, 20].map((minutes) => new Date(at(minutes))));
    expect(await references({ before: page.at(-1)?.id })).toEqual(['b', 'a']);
  });

  test.each<[string, Partial<AuditFilter>, string[]]>([
    ['biller', { billerId: riverton.id }, ['f', 'e', 'd', 'b', 'a']],
    ['user', { userId: ADA }, ['c', 'b', 'a']],
    ['event', { event: 'sign_in.failed' }, ['d']],
    ['reference', { reference: 'amber-otter-e' }, ['e']],
    ['request', { requestId: '_request-2' }, ['f']],
    ['assertion', { assertionId: '_assertion-of_request-1' }, ['b']],
    ['time, inclusive', { since: new Date(at(40)) }, ['f', 'e']],
    [
      'several filters, which must all match',
      { billerId: riverton.id, userId: ADA, event: 'sign_in.succeeded' },
      ['a'],
    ],
    ['filters that match nothing', { userId: ADA, event: 'sign_in.failed' }, []],
  ])('is searched by %s', async (_by, filter, found) => {
    expect(await references(filter)).toEqual(found);
  });

  test('can be searched by email in any case, although no email is stored', async () => {
    const found = async (email: string) => (await operate({ email })).map(({ reference }) => reference.slice(-1));
    expect(await found(' ADA@example.COM ')).toEqual(['c', 'b', 'a']);
    expect(await found('grace@example.com')).toEqual(['f', 'e', 'd']);
    expect(await found('nobody@example.com')).toEqual([]);
    const [stored] = await store.connection.database.query<{ text: string }>(
      { name: 'all-audit', text: "select string_agg(to_jsonb(e)::text, ' ') as text from audit_events e" },
      [],
    );
    expect(stored?.text).toContain('amber-otter-d');
    expect(stored?.text).not.toMatch(/ada@|grace@|example\.com/i);
  });

  test('an operator searches by the biller’s slug, and bad searches are explained', async () => {
    expect((await operate({ biller: springfield.slug })).map(({ reference }) => reference)).toEqual(['amber-otter-c']);
    expect((await operate({ reference: 'Amber OTTER b' })).map(({ reference }) => reference)).toEqual([
      'amber-otter-b',
    ]);
    expect(await operate({ limit: '2', since: '2026-03-01T08:10:00Z' })).toHaveLength(2);
    await expect(operate({ biller: 'nobody' })).rejects.toThrow(InputError);
    await expect(operate({ event: 'sign_in.tried' })).rejects.toThrow(
      /^event "sign_in\.tried": must be one of assertion\.issued, /,
    );
    await expect(operate({ limit: 0 })).rejects.toThrow('limit "0": must be 1 to 10000');
    await expect(operate({ since: 'yesterday' })).rejects.toThrow(/^since: must be a date or time/);
  });

  test('the audit events of a removed biller are kept', async () => {
    await deleteBiller(store.connection.database.db, springfield.id);
    const [row] = await listEvents(store.connection.database.db, { reference: 'amber-otter-c', limit: 1 });
    expect(row).toMatchObject({ biller: null, userId: ADA });
    expect(await references({ billerId: springfield.id })).toEqual(['c']);
  });
});
