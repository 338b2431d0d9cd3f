import type { Db } from '../../platform/database/database.ts';
import type { Delivery } from './delivery.ts';

/** Records a warning. @returns false if this or another instance has already recorded it */
export async function insertWarning(
  db: Db,
  warning: { keyId: string; days: number; at: Date; delivery: Delivery },
): Promise<boolean> {
  const rows = await db
    .insertInto('expiryWarnings')
    .values({ ...warning, nextAttempt: warning.at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('days')
    .execute();
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

/** Warnings with a delivery due, with the details of their keys and billers, in one round trip. */
export async function dueWarnings(db: Db, now: Date): Promise<DueWarning[]> {
  return db
    .selectFrom('expiryWarnings')
    .innerJoin('signingKeys', 'signingKeys.id', 'expiryWarnings.keyId')
    .innerJoin('billers', 'billers.id', 'signingKeys.billerId')
    .select([
      'expiryWarnings.keyId',
      'expiryWarnings.days',
      'expiryWarnings.attempts',
      'billers.slug as biller',
      'billers.name as billerName',
      'signingKeys.fingerprint',
      'signingKeys.notAfter',
    ])
    .where('expiryWarnings.delivery', '=', 'waiting')
    .where('expiryWarnings.nextAttempt', '<=', now)
    .orderBy('expiryWarnings.nextAttempt')
    .limit(100)
    .execute();
}

/** Claims a warning for delivery, so that no other instance delivers it. @returns false if another one did */
export async function claimWarning(db: Db, { keyId, days, attempts }: DueWarning, now: Date): Promise<boolean> {
  const rows = await db
    .updateTable('expiryWarnings')
    .set({ delivery: 'sending', attempts: attempts + 1, nextAttempt: now })
    .where('keyId', '=', keyId)
    .where('days', '=', days)
    .where('delivery', '=', 'waiting')
    .returning('days')
    .execute();
  return rows.length === 1;
}

export async function settleWarning(db: Db, { keyId, days }: DueWarning, delivery: Delivery, nextAttempt: Date) {
  await db
    .updateTable('expiryWarnings')
    .set({ delivery, nextAttempt })
    .where('keyId', '=', keyId)
    .where('days', '=', days)
    .execute();
}

/** A delivery that was started but never finished because the process died: whether it arrived is unknown. */
export async function giveUpLost(db: Db, begunBefore: Date): Promise<void> {
  await db
    .updateTable('expiryWarnings')
    .set({ delivery: 'unknown' })
    .where('delivery', '=', 'sending')
    .where('nextAttempt', '<', begunBefore)
    .execute();
}
