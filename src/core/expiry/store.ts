import { and, asc, eq, lt, lte } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { billers, expiryWarnings, signingKeys } from '../../platform/database/schema.ts';

/** The delivery state of a warning. Only `waiting` ones are attempted. */
export type Delivery = 'waiting' | 'sending' | 'delivered' | 'unknown' | 'given_up' | 'passed_over';

/** Records a warning. @returns false if this or another instance has already recorded it */
export async function insertWarning(
  db: Db,
  warning: { keyId: string; days: number; at: Date; delivery: Delivery },
): Promise<boolean> {
  const rows = await db
    .insert(expiryWarnings)
    .values({ ...warning, nextAttempt: warning.at })
    .onConflictDoNothing()
    .returning({ days: expiryWarnings.days });
  return rows.length === 1;
}

export interface DueWarning {
  readonly keyId: string;
  readonly days: number;
  readonly attempts: number;
  readonly biller: string;
  readonly billerName: string;
  readonly fingerprint: string;
  readonly notAfter: Date;
}

/** Warnings with a delivery due. */
export async function dueWarnings(db: Db, now: Date): Promise<DueWarning[]> {
  return db
    .select({
      keyId: expiryWarnings.keyId,
      days: expiryWarnings.days,
      attempts: expiryWarnings.attempts,
      biller: billers.slug,
      billerName: billers.name,
      fingerprint: signingKeys.fingerprint,
      notAfter: signingKeys.notAfter,
    })
    .from(expiryWarnings)
    .innerJoin(signingKeys, eq(signingKeys.id, expiryWarnings.keyId))
    .innerJoin(billers, eq(billers.id, signingKeys.billerId))
    .where(and(eq(expiryWarnings.delivery, 'waiting'), lte(expiryWarnings.nextAttempt, now)))
    .orderBy(asc(expiryWarnings.nextAttempt))
    .limit(100);
}

const isWarning = (keyId: string, days: number) => and(eq(expiryWarnings.keyId, keyId), eq(expiryWarnings.days, days));

/** Claims a warning for delivery, so that no other instance delivers it. @returns false if another one did */
export async function claimWarning(db: Db, { keyId, days, attempts }: DueWarning, now: Date): Promise<boolean> {
  const rows = await db
    .update(expiryWarnings)
    .set({ delivery: 'sending', attempts: attempts + 1, nextAttempt: now })
    .where(and(isWarning(keyId, days), eq(expiryWarnings.delivery, 'waiting')))
    .returning({ days: expiryWarnings.days });
  return rows.length === 1;
}

export async function settleWarning(db: Db, { keyId, days }: DueWarning, delivery: Delivery, nextAttempt: Date) {
  await db.update(expiryWarnings).set({ delivery, nextAttempt }).where(isWarning(keyId, days));
}

/** A delivery that was started but never finished because the process died: whether it arrived is unknown. */
export async function giveUpLost(db: Db, begunBefore: Date): Promise<void> {
  await db
    .update(expiryWarnings)
    .set({ delivery: 'unknown' })
    .where(and(eq(expiryWarnings.delivery, 'sending'), lt(expiryWarnings.nextAttempt, begunBefore)));
}
