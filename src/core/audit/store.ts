import { sql } from 'kysely';
import type { Db } from '../../platform/database/database.ts';

/** Filters for listing events. All of them must match. */
export interface AuditFilter {
  readonly billerId?: string | undefined;
  readonly userId?: string | undefined;
  readonly emailHash?: string | undefined;
  readonly accountHash?: string | undefined;
  readonly loginTypeHash?: string | undefined;
  /** An address, or a network such as 10.0.0.0/8. */
  readonly address?: string | undefined;
  readonly event?: string | undefined;
  readonly reference?: string | undefined;
  readonly requestId?: string | undefined;
  readonly assertionId?: string | undefined;
  readonly since?: Date | undefined;
  /** Only events older than this one, for paging. */
  readonly before?: number | undefined;
  /** Only events newer than this one and up to another, oldest first. */
  readonly between?: { readonly after: number; readonly upTo: number } | undefined;
  readonly limit: number;
}

/** Lists events, newest first unless `between` is given, with the slugs of their billers, in one round trip. */
export async function listEvents(db: Db, filter: AuditFilter) {
  const equal = {
    billerId: filter.billerId,
    userId: filter.userId,
    emailHash: filter.emailHash,
    loginTypeHash: filter.loginTypeHash,
    event: filter.event,
    reference: filter.reference,
    requestId: filter.requestId,
    assertionId: filter.assertionId,
  };
  let query = db
    .selectFrom('auditEvents')
    .leftJoin('billers', 'billers.id', 'auditEvents.billerId')
    .select([
      'auditEvents.id',
      'auditEvents.at',
      'auditEvents.event',
      'auditEvents.reference',
      'billers.slug as biller',
      'auditEvents.userId',
      'auditEvents.address',
      'auditEvents.requestId',
      'auditEvents.assertionId',
      'auditEvents.keyFingerprint',
      'auditEvents.details',
    ])
    .orderBy('auditEvents.id', filter.between === undefined ? 'desc' : 'asc')
    .limit(filter.limit);
  for (const [column, value] of Object.entries(equal) as [keyof typeof equal, string | undefined][]) {
    if (value !== undefined) query = query.where(`auditEvents.${column}`, '=', value);
  }
  const { accountHash, address } = filter;
  if (accountHash !== undefined) {
    query = query.where((is) =>
      is.or([
        is('auditEvents.accountHash', '=', accountHash),
        is('auditEvents.otherAccountHashes', '@>', sql<string[]>`array[${accountHash}::text]`),
      ]),
    );
  }
  if (address !== undefined) query = query.where(sql<boolean>`audit_events.address <<= ${address}::inet`);
  if (filter.since !== undefined) query = query.where('auditEvents.at', '>=', filter.since);
  if (filter.before !== undefined) query = query.where('auditEvents.id', '<', filter.before);
  if (filter.between !== undefined) {
    const { after, upTo } = filter.between;
    query = query.where('auditEvents.id', '>', after).where('auditEvents.id', '<=', upTo);
  }
  return query.execute();
}

/** Which assertions: signed with a key, for a biller or for one of its portal users. */
interface SignedWith {
  readonly billerId: string;
  /** Fingerprint of the key. */
  readonly key: string;
  readonly since: Date;
  readonly userId?: string | undefined;
}

/** Counts the newest assertions, at most `most` of them. @returns how many there are, and when the last one was issued */
export async function assertionsSignedWith(db: Db, { billerId, key, since, userId }: SignedWith, most: number) {
  let query = db
    .selectFrom('auditEvents')
    .select('at')
    .where('billerId', '=', billerId)
    .where('event', '=', 'assertion.issued')
    .where('keyFingerprint', '=', key)
    .where('at', '>=', since)
    .orderBy('id', 'desc')
    .limit(most);
  if (userId !== undefined) query = query.where('userId', '=', userId);
  const rows = await query.execute();
  return { count: rows.length, last: rows[0]?.at };
}
