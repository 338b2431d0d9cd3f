import type { Database, Transaction } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { earlierAppendsEnded } from '../audit/earlier-appends.ts';
import type { AuditEvent } from '../audit/events.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Biller } from '../billers/biller.ts';
import { scheduleDestruction } from './hsm/destruction.ts';
import type { Keys } from './keys.ts';
import { holdFor, type KeyState, keyInState, moveKey, type SigningKeyRow } from './store.ts';
import { canaryStopped } from './trust/canary-events.ts';
import { endCanary, lockKey } from './trust/store.ts';

/** Who changes a key, and why. */
export interface Change {
  readonly actor: string;
  readonly reason: string;
  readonly reference: string;
  /** The client, if an HTTP request caused it. */
  readonly address?: string;
}

/** What every change of a biller's keys is made of. */
export interface KeyChanges {
  /**
   * Makes a change and its audit events in one transaction, makes this instance reload the keys, and waits until nothing
   * can be committed any more that did not see the change.
   */
  commit(biller: Biller, work: (transaction: Transaction) => Promise<AuditEvent[]>): Promise<void>;
  /**
   * Moves a key to another state. A canary of the key ends with it, and its event is written.
   *
   * @throws InputError if the key is not in `from` any more
   */
  move(
    transaction: Transaction,
    biller: Biller,
    key: SigningKeyRow,
    from: KeyState,
    columns: Parameters<typeof moveKey>[3],
    change: Change,
  ): Promise<void>;
  /** Makes the staged key active, and the active one retiring. @returns the event */
  makeActive(
    transaction: Transaction,
    biller: Biller,
    staged: SigningKeyRow,
    activation: Activation,
    change: Change,
  ): Promise<AuditEvent>;
}

/** How an activation came about. */
interface Activation {
  readonly how: 'proven' | 'confirmed' | 'fetch' | 'forced';
  /** Who fetched the certificate. */
  readonly fetchedBy: string;
  /** Keeps signing on hold for this long. */
  readonly holdMs?: number;
}

/** What a change of a key says about it in the audit. */
export const about = (biller: Biller, key: { fingerprint: string }, { reference, address }: Change) => ({
  reference,
  address,
  billerId: biller.id,
  keyFingerprint: key.fingerprint,
});

/** The columns of a key of which it is not known whether the Service Provider trusts it. */
export const unknownTrust = { trust: null, trustAt: null };

/** The columns of a key that is retired or revoked. */
export const destroyed = { sealedPrivateKey: null, moduleLabel: null, holdUntil: null };

export interface KeyChangeServices {
  readonly database: Database;
  readonly keys: Keys;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

export function createKeyChanges({ database, keys, audit, clock }: KeyChangeServices): KeyChanges {
  const now = () => new Date(clock());

  const move: KeyChanges['move'] = async (transaction, biller, key, from, columns, change) => {
    // As it is now: a canary may have begun since it was read.
    const locked = await lockKey(transaction, key.id);
    if (!(await moveKey(transaction, key.id, from, columns, now()))) {
      throw new InputError(`The keys of ${biller.slug} were just changed by someone else.`, {
        code: 'key_changed',
        names: { biller: biller.slug },
      });
    }
    if (locked !== undefined && locked.canaryUserId !== null) {
      await endCanary(transaction, key.id);
      await audit.appendWithin(transaction, canaryStopped(biller, locked, change));
    }
    const { moduleLabel: label, fingerprint } = key;
    if (label !== null && columns.moduleLabel === null) {
      await scheduleDestruction(transaction, { label, after: now(), billerId: biller.id, fingerprint });
    }
  };

  return {
    async commit(biller, work) {
      await database.transaction(async (transaction) => {
        for (const event of await work(transaction)) await audit.appendWithin(transaction, event);
      });
      // The notice of this change may still be on its way.
      keys.forget(biller.id);
      await earlierAppendsEnded(database);
    },

    move,

    async makeActive(transaction, biller, staged, { how, fetchedBy, holdMs }, change) {
      const active = await keyInState(transaction, biller.id, 'active');
      if (active !== undefined) {
        await move(transaction, biller, active, 'active', { state: 'retiring', holdUntil: null }, change);
      }
      const holdUntil = holdMs === undefined ? null : holdFor(holdMs);
      // A refusal was of what the Service Provider had then. After this, only the next sign-on tells.
      const trust = how === 'proven' ? {} : unknownTrust;
      const columns = { state: 'active', activatedAt: now(), holdUntil, ...trust };
      await move(transaction, biller, staged, 'staged', columns, change);
      const { actor, reason } = change;
      const details = { actor, reason, how, fetchedBy, previous: active?.fingerprint ?? 'none' };
      return { event: 'key.activated', ...about(biller, staged, change), details };
    },
  };
}
