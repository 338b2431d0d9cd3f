import type { Transaction } from '../../../platform/database/database.ts';
import type { AuditEvent } from '../../audit/events.ts';
import { endCanary, lockKeyOfCanary } from './store.ts';

/** What ended a canary, and the key that it was of. */
interface Ended {
  readonly billerId: string;
  readonly fingerprint: string;
  readonly canaryUserId: string | null;
}
interface Cause {
  readonly actor: string;
  readonly reason: string;
  readonly reference: string;
  readonly address?: string;
}

/** @returns the event of a canary that has ended */
export function canaryStopped(
  { id: billerId }: { readonly id: string },
  { fingerprint, canaryUserId }: Omit<Ended, 'billerId'>,
  { actor, reason, reference, address }: Cause,
): AuditEvent {
  return {
    event: 'key.canary_stopped',
    reference,
    address,
    billerId,
    userId: canaryUserId ?? undefined,
    keyFingerprint: fingerprint,
    details: { actor, reason },
  };
}

/**
 * Ends the canary that a portal user is, if they are one. Lock the portal user first: see createCanary.
 *
 * @returns the event to write in the same transaction
 */
export async function endCanaryOf(transaction: Transaction, userId: string, cause: Cause): Promise<AuditEvent[]> {
  const key = await lockKeyOfCanary(transaction, userId);
  if (key === undefined) return [];
  await endCanary(transaction, key.id);
  return [canaryStopped({ id: key.billerId }, key, cause)];
}
