import type { Database } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { readWebhook, send } from './webhook.ts';

/** The delivery state of a notice. Only `waiting` ones are attempted. */
export type Delivery = 'waiting' | 'sending' | 'delivered' | 'unknown' | 'given_up' | 'passed_over';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MAX_ATTEMPTS = 12;
/** Deliveries take seconds; one that is still in progress after this time was interrupted. */
export const LOST_AFTER_MS = 5 * MINUTE_MS;

/** A notice whose delivery is due. */
interface Queued {
  /** The number of attempts so far. */
  readonly attempts: number;
  /** What the receiver gets, as JSON. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Claims it, so that no other instance delivers it. @returns false if another one did */
  claim(now: Date): Promise<boolean>;
  settle(delivery: Delivery, nextAttempt: Date): Promise<void>;
}

interface DeliveryServices {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly clock: () => number;
}

/** Attempts one delivery to the webhook. Without a webhook the notice keeps waiting. */
export async function deliver({ database, masterKey, clock }: DeliveryServices, queued: Queued): Promise<void> {
  const webhook = await readWebhook(database.db, masterKey);
  if (webhook === undefined || !(await queued.claim(new Date(clock())))) return;
  const { outcome: sent } = await send(webhook, JSON.stringify(queued.body), clock());
  const attempt = queued.attempts + 1;
  const outcome = sent !== 'refused' ? sent : attempt >= MAX_ATTEMPTS ? 'given_up' : 'waiting';
  const wait = Math.min(2 ** attempt * MINUTE_MS, DAY_MS);
  await queued.settle(outcome, new Date(clock() + wait));
}
