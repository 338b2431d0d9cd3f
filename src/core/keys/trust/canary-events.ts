import type { Transaction } from '../../../platform/database/database.ts';
import type { AuditEvent } from '../../audit/events.ts';
import { endCanary, lockKeysOfCanaries } from './store.ts';

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
  readonly address?: string | undefined;
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
 * Ends the canaries that portal users are, if they are any. Lock the portal users first: see createCanary.
 *
 * @returns the events to write in the same transaction
 */
export async function endCanariesOf(
  transaction: Transaction,
  userIds: readonly string[],
  cause: Cause,
): Promise<AuditEvent[]> {
  const keys = await lockKeysOfCanaries(transaction, userIds);
  for (const { id } of keys) await endCanary(transaction, id);
  return keys.map((key) => canaryStopped({ id: key.billerId }, key, cause));
}
