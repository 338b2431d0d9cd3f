import { and, desc, eq, gte, lt, type SQL } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { auditEvents, billers } from '../../platform/database/schema.ts';

/** Filters for listing events. All of them must match. */
export interface AuditFilter {
  readonly billerId?: string | undefined;
  readonly userId?: string | undefined;
  readonly emailHash?: string | undefined;
  readonly event?: string | undefined;
  readonly reference?: string | undefined;
  readonly requestId?: string | undefined;
  readonly assertionId?: string | undefined;
  readonly since?: Date | undefined;
  /** Only events older than this one, for paging. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Lists events, newest first. */
export async function listEvents(db: Db, filter: AuditFilter) {
  const conditions: SQL[] = [];
  if (filter.billerId !== undefined) conditions.push(eq(auditEvents.billerId, filter.billerId));
  if (filter.userId !== undefined) conditions.push(eq(auditEvents.userId, filter.userId));
  if (filter.emailHash !== undefined) conditions.push(eq(auditEvents.emailHash, filter.emailHash));
  if (filter.event !== undefined) conditions.push(eq(auditEvents.event, filter.event));
  if (filter.reference !== undefined) conditions.push(eq(auditEvents.reference, filter.reference));
  if (filter.requestId !== undefined) conditions.push(eq(auditEvents.requestId, filter.requestId));
  if (filter.assertionId !== undefined) conditions.push(eq(auditEvents.assertionId, filter.assertionId));
  if (filter.since !== undefined) conditions.push(gte(auditEvents.at, filter.since));
  if (filter.before !== undefined) conditions.push(lt(auditEvents.id, filter.before));
  return db
    .select({
      id: auditEvents.id,
      at: auditEvents.at,
      event: auditEvents.event,
      reference: auditEvents.reference,
      biller: billers.slug,
      userId: auditEvents.userId,
      requestId: auditEvents.requestId,
      assertionId: auditEvents.assertionId,
      keyFingerprint: auditEvents.keyFingerprint,
      details: auditEvents.details,
    })
    .from(auditEvents)
    .leftJoin(billers, eq(billers.id, auditEvents.billerId))
    .where(and(...conditions))
    .orderBy(desc(auditEvents.id))
    .limit(filter.limit);
}
