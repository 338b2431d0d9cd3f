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
  readonly limit: number;
}

/** Lists events, newest first, with the slugs of their billers, in one round trip. */
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
    .orderBy('auditEvents.id', 'desc')
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
  return query.execute();
}
