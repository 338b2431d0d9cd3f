import { setTimeout } from 'node:timers/promises';
import type { Transaction } from '../../platform/database/database.ts';
import { IdpError, InputError } from '../../platform/errors/idp-error.ts';
import { earlierAppendsEnded } from '../audit/earlier-appends.ts';
import type { AuditEvent } from '../audit/events.ts';
import type { Biller } from '../billers/biller.ts';
import { about, type Change, createKeyChanges, destroyed, type KeyChangeServices } from './key-changes.ts';
import { holdKey, keyById, keyInState, renewHold, type SigningKeyRow, shortenHold } from './store.ts';

/**
 * A switch on fetch pauses signing: long enough before the switch for everything signed with the old key to arrive, and
 * long enough after it for the Service Provider to store the new certificate. Portal users who sign on at that moment
 * wait; none is refused.
 */
const DRAIN_MS = 2_000;
const SETTLE_MS = 2_000;
/**
 * In between, the hold lasts as long as the switch does, however slow the network is. It is a lease, so that a crash of
 * this instance does not hold the biller for good.
 */
const LEASE_MS = 10_000;
const RENEW_EVERY_MS = 1_000;
/** Another fetch of the same document, at another instance, may need the hold too. It renews it within this time. */
const LET_GO_MS = 2 * RENEW_EVERY_MS;
const COMMIT_WITHIN_MS = 10_000;
const COMMIT_PAUSE_MS = 250;

/** One fetch of one-time metadata. */
export interface OneTimeFetch {
  readonly biller: Biller;
  readonly keyId: string;
  /** An earlier fetch has switched. This one gets the same document while the key is active. */
  readonly isUsed: boolean;
  readonly change: Change;
  /** Claims the one fetch that counts. @returns false if another one was first */
  claim(transaction: Transaction): Promise<boolean>;
  /** Sends the document with the key's certificate. @returns whether it was taken whole */
  deliver(key: SigningKeyRow): Promise<boolean>;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/**
 * Delivers one-time metadata while signing is on hold, and activates its key if the document was taken whole. If it was
 * not, nothing has changed: the previous key signs, and the URL can be fetched again.
 *
 * @returns whether the document was taken whole
 * @throws IdpError one_time_metadata_over if the key is neither staged nor active any more
 */
export type SwitchOnFetch = (fetch: OneTimeFetch) => Promise<boolean>;

const over = () => new IdpError('one_time_metadata_over', { detail: 'the key is no longer staged' });

export function createSwitchOnFetch(services: KeyChangeServices): SwitchOnFetch {
  const { database, keys, audit } = services;
  const { db } = database;
  const { commit, move, makeActive } = createKeyChanges(services);

  /**
   * Keeps signing with a key on hold until `work` ends.
   *
   * @param key undefined: without an active key nothing is signed, so nothing needs a hold
   * @param work gets a function that tells whether the hold never lapsed
   */
  async function whileHeld<Result>(
    biller: Biller,
    key: SigningKeyRow | undefined,
    work: (isHeld: () => Promise<boolean>) => Promise<Result>,
  ): Promise<Result> {
    if (key === undefined) return work(async () => true);
    await holdKey(db, key.id, LEASE_MS);
    keys.forget(biller.id);
    // What was being signed when the hold began is signed by now.
    await earlierAppendsEnded(database);
    const isHeld = () => renewHold(db, key.id, LEASE_MS);
    const ended = new AbortController();
    const renewing = (async () => {
      for (;;) {
        await setTimeout(RENEW_EVERY_MS, undefined, { signal: ended.signal });
        await isHeld().catch(() => undefined);
      }
    })().catch(() => undefined);
    try {
      return await work(isHeld);
    } finally {
      ended.abort();
      await renewing;
    }
  }

  /** @returns whether it was this fetch that switched */
  async function switchKeys({ biller, keyId, change, claim }: OneTimeFetch): Promise<boolean> {
    let isFirst = false;
    await commit(biller, async (transaction) => {
      // Another fetch of the same document may have come first.
      isFirst = await claim(transaction);
      if (!isFirst) return [];
      const key = await keyById(transaction, keyId);
      // An operator activated it in the meantime.
      if (key?.state === 'active') return [];
      if (key?.state !== 'staged') throw over();
      const retiring = await keyInState(transaction, biller.id, 'retiring');
      const events: AuditEvent[] = [];
      const { actor, reason } = change;
      if (retiring !== undefined) {
        // The key before the previous one: no longer in use, and it must not block this switch.
        await move(transaction, biller, retiring, 'retiring', { state: 'retired', ...destroyed }, change);
        events.push({ event: 'key.retired', ...about(biller, retiring, change), details: { actor, reason } });
      }
      const activation = { how: 'fetch', fetchedBy: actor, holdMs: LEASE_MS } as const;
      return [...events, await makeActive(transaction, biller, key, activation, change)];
    });
    return isFirst;
  }

  /** The Service Provider has the new certificate: a database that is away for a moment must not keep the old key. */
  async function switchCertainly(fetch: OneTimeFetch): Promise<boolean> {
    const deadline = performance.now() + COMMIT_WITHIN_MS;
    for (;;) {
      try {
        return await switchKeys(fetch);
      } catch (error) {
        const final = error instanceof IdpError || error instanceof InputError || performance.now() > deadline;
        if (final) throw error;
        await setTimeout(COMMIT_PAUSE_MS);
      }
    }
  }

  async function deliverWhileHeld(fetch: OneTimeFetch, isHeld: () => Promise<boolean>): Promise<boolean> {
    const { keyId, deliver, gone } = fetch;
    await setTimeout(DRAIN_MS, undefined, { signal: gone }).catch(() => undefined);
    if (gone.aborted) return false;
    const held = await isHeld();
    const key = await keyById(db, keyId);
    // Another fetch has switched in the meantime.
    if (key?.state === 'active') return deliver(key);
    if (key?.state !== 'staged') throw over();
    if (!held) {
      const detail = 'the hold on signing lapsed while the database did not answer';
      throw new IdpError('service_unavailable', { detail, retryAfter: 10 });
    }
    if (!(await deliver(key))) return false;
    // The Service Provider has a moment to store the certificate, from now on. If this fails, the lease ends by itself.
    if (await switchCertainly(fetch)) await shortenHold(db, keyId, SETTLE_MS).catch(() => undefined);
    return true;
  }

  return async (fetch) => {
    const { biller, keyId, isUsed, change, deliver } = fetch;
    // A leftover URL of a key that is no longer staged must not hold up sign-ons.
    const key = await keyById(db, keyId);
    if (key?.state === 'active') return deliver(key);
    if (key?.state !== 'staged' || isUsed) throw over();
    const active = await keyInState(db, biller.id, 'active');
    let taken = false;
    try {
      taken = await whileHeld(biller, active, (isHeld) => deliverWhileHeld(fetch, isHeld));
    } finally {
      if (!taken && active !== undefined) await shortenHold(db, active.id, LET_GO_MS).catch(() => undefined);
      keys.forget(biller.id);
    }
    if (!taken) {
      const { actor, reason } = change;
      const details = { actor, reason };
      await audit.append({ event: 'key.hand_over_failed', ...about(biller, key, change), details });
    }
    return taken;
  };
}
