import type { Delivery } from '../../core/expiry/delivery.ts';
import type { Db, Transaction } from '../../platform/database/database.ts';
import { type Finding, METADATA_KINDS } from './findings.ts';

/** @returns the slugs of billers whose Service Provider is to be looked at, longest overdue first */
export async function dueBillers(db: Db, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('billers')
    .leftJoin('providerChecks', 'providerChecks.billerId', 'billers.id')
    .select('billers.slug')
    .where((where) =>
      where.or([where('providerChecks.nextCheck', 'is', null), where('providerChecks.nextCheck', '<=', now)]),
    )
    .orderBy('providerChecks.nextCheck', (order) => order.asc().nullsFirst())
    .limit(500)
    .execute();
  return rows.map(({ slug }) => slug);
}

/** Claims the check of a biller, so that no other instance does it. @returns false if it is not due any more */
export async function claimCheck(db: Db, billerId: string, now: Date, until: Date): Promise<boolean> {
  const rows = await db
    .insertInto('providerChecks')
    .values({ billerId, nextCheck: until })
    .onConflict((conflict) =>
      conflict.column('billerId').doUpdateSet({ nextCheck: until }).where('providerChecks.nextCheck', '<=', now),
    )
    .returning('billerId')
    .execute();
  return rows.length === 1;
}

export async function scheduleCheck(db: Db, billerId: string, nextCheck: Date): Promise<void> {
  await db
    .insertInto('providerChecks')
    .values({ billerId, nextCheck })
    .onConflict((conflict) => conflict.column('billerId').doUpdateSet({ nextCheck }))
    .execute();
}

/** Replaces the findings of some kinds by the current ones. @returns those that are new */
export async function replaceFindings(
  transaction: Transaction,
  billerId: string,
  kinds: readonly string[],
  findings: readonly Finding[],
  now: Date,
): Promise<Finding[]> {
  const known = await transaction
    .selectFrom('providerFindings')
    .select(['kind', 'subject'])
    .where('billerId', '=', billerId)
    .where('kind', 'in', kinds)
    .execute();
  for (const { kind, subject } of known) {
    if (findings.some((finding) => finding.kind === kind && finding.subject === subject)) continue;
    await transaction
      .deleteFrom('providerFindings')
      .where('billerId', '=', billerId)
      .where('kind', '=', kind)
      .where('subject', '=', subject)
      .execute();
  }
  const fresh: Finding[] = [];
  for (const { kind, subject, finding } of findings) {
    const inserted = await transaction
      .insertInto('providerFindings')
      .values({ billerId, kind, subject, finding, foundAt: now, delivery: 'waiting', nextAttempt: now })
      .onConflict((conflict) => conflict.columns(['billerId', 'kind', 'subject']).doUpdateSet({ finding }))
      .returning('foundAt')
      .executeTakeFirstOrThrow();
    const isKnown = known.some((one) => one.kind === kind && one.subject === subject);
    if (!isKnown && inserted.foundAt.getTime() === now.getTime()) fresh.push({ kind, subject, finding });
  }
  return fresh;
}

/** Drops what was found in metadata that has just been replaced, and makes the check of the biller due. */
export async function forgetFindings(transaction: Transaction, billerId: string): Promise<void> {
  await transaction
    .deleteFrom('providerFindings')
    .where('billerId', '=', billerId)
    .where('kind', 'in', METADATA_KINDS)
    .execute();
  await transaction.deleteFrom('providerChecks').where('billerId', '=', billerId).execute();
}

/** What is currently wrong with Service Providers, by the slugs of their billers. */
export async function currentFindings(db: Db) {
  return db
    .selectFrom('providerFindings')
    .innerJoin('billers', 'billers.id', 'providerFindings.billerId')
    .select(['billers.slug', 'providerFindings.kind', 'providerFindings.subject', 'providerFindings.finding'])
    .orderBy('billers.slug')
    .orderBy('providerFindings.kind')
    .execute();
}

/** Findings with a delivery due. */
export async function dueNotices(db: Db, now: Date) {
  return db
    .selectFrom('providerFindings')
    .innerJoin('billers', 'billers.id', 'providerFindings.billerId')
    .selectAll('providerFindings')
    .select(['billers.slug', 'billers.name'])
    .where('providerFindings.delivery', '=', 'waiting')
    .where('providerFindings.nextAttempt', '<=', now)
    .orderBy('providerFindings.nextAttempt')
    .limit(100)
    .execute();
}
type DueNotice = Awaited<ReturnType<typeof dueNotices>>[number];

/** Claims a notice for delivery. @returns false if another instance did */
export async function claimNotice(
  db: Db,
  { billerId, kind, subject, attempts }: DueNotice,
  now: Date,
): Promise<boolean> {
  const rows = await db
    .updateTable('providerFindings')
    .set({ delivery: 'sending', attempts: attempts + 1, nextAttempt: now })
    .where('billerId', '=', billerId)
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .where('delivery', '=', 'waiting')
    .returning('kind')
    .execute();
  return rows.length === 1;
}

export async function settleNotice(
  db: Db,
  { billerId, kind, subject, foundAt }: DueNotice,
  delivery: Delivery,
  nextAttempt: Date,
): Promise<void> {
  await db
    .updateTable('providerFindings')
    .set({ delivery, nextAttempt })
    .where('billerId', '=', billerId)
    .where('kind', '=', kind)
    .where('subject', '=', subject)
    .where('foundAt', '=', foundAt)
    .execute();
}

/** A delivery that was never finished because the process died: whether it arrived is unknown. */
export async function giveUpLostNotices(db: Db, begunBefore: Date): Promise<void> {
  await db
    .updateTable('providerFindings')
    .set({ delivery: 'unknown' })
    .where('delivery', '=', 'sending')
    .where('nextAttempt', '<', begunBefore)
    .execute();
}
