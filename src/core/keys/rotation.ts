import { setTimeout } from 'node:timers/promises';
import type { Database, Transaction } from '../../platform/database/database.ts';
import { IdpError, InputError } from '../../platform/errors/idp-error.ts';
import type { AuditEvent } from '../audit/events.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Biller } from '../billers/biller.ts';
import { scheduleDestruction } from './hsm/destruction.ts';
import type { KeyType } from './key-types.ts';
import type { KeyPlace, Keys } from './keys.ts';
import type { NewKey } from './new-key.ts';
import { readKeyStatus, verdictOf } from './status.ts';
import { holdKeys, type KeyState, keyById, keyInState, moveKey, type SigningKeyRow } from './store.ts';

/** Who changes a key, and why. */
export interface Change {
  readonly actor: string;
  readonly reason: string;
  readonly reference: string;
  /** The client, if an HTTP request caused it. */
  readonly address?: string;
}

/** State changes of signing keys. Each is a compare-and-swap, committed together with its audit event. */
export interface Rotation {
  /**
   * Makes a key and publishes it next to the active one.
   *
   * @param place where to keep its private key; undefined: same as the active key's
   * @throws InputError if one is already staged, or the HSM does not make it
   */
  stage(biller: Biller, type: KeyType, change: Change, place?: KeyPlace): Promise<void>;
  /**
   * Publishes an existing new key, e.g. an imported one.
   *
   * @param also work to do in the same transaction
   * @throws InputError if one is already staged
   */
  stageKey(
    biller: Biller,
    key: NewKey,
    origin: string,
    change: Change,
    also?: (transaction: Transaction) => Promise<void>,
  ): Promise<void>;
  /** Activates the staged key. @throws InputError if that isn't safe, unless forced */
  activate(biller: Biller, change: Change & { force: boolean }): Promise<void>;
  /** Activates the staged key because its one-time metadata is being fetched: see DRAIN_MS. */
  switchOnFetch(
    biller: Biller,
    keyId: string,
    change: Change,
    claim: (transaction: Transaction) => Promise<boolean>,
  ): Promise<void>;
  /** Reactivates the retiring key; the newer one becomes staged again. @throws InputError */
  backOut(biller: Biller, change: Change): Promise<void>;
  /** Removes a key from the metadata and destroys its private key. @throws InputError */
  retire(biller: Biller, state: 'staged' | 'retiring', change: Change & { force: boolean }): Promise<void>;
  /**
   * Revokes a key. An active key is replaced in the same transaction.
   *
   * @param place where to keep the replacement's private key; undefined: same as the revoked key's
   * @throws InputError
   */
  revoke(
    biller: Biller,
    key: SigningKeyRow,
    replacement: KeyType | undefined,
    change: Change,
    place?: KeyPlace,
  ): Promise<void>;
}

/**
 * A switch on fetch pauses signing for a few seconds: long enough before the switch for every instance to know about it
 * and for everything signed with the old key to arrive, and long enough after it for the Service Provider to store the
 * new certificate. Portal users who sign on at that moment wait; none is refused.
 */
const DRAIN_MS = 2_000;
const SETTLE_MS = 2_000;

/** For this long, assertions signed by a key that has just become retiring may still be on their way. */
const IN_FLIGHT_MS = 10 * 60_000;

const changed = (slug: string) =>
  new InputError(`The keys of ${slug} were just changed by someone else.`, {
    code: 'key_changed',
    names: { biller: slug },
  });
const noKey = (slug: string, state: KeyState) =>
  new InputError(`${slug} has no ${state} key.`, { code: 'key_not_found', names: { biller: slug } });

const gone = () => new IdpError('one_time_metadata_over', { detail: 'the key is no longer staged' });

interface RotationServices {
  readonly database: Database;
  readonly keys: Keys;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

export function createRotation({ database, keys, audit, clock }: RotationServices): Rotation {
  const { db } = database;
  const now = () => new Date(clock());

  async function require(biller: Biller, state: KeyState): Promise<SigningKeyRow> {
    const key = await keyInState(db, biller.id, state);
    if (key === undefined) throw noKey(biller.slug, state);
    return key;
  }

  /** Makes a change and its audit event in one transaction, then makes this instance reload the keys. */
  async function commit(biller: Biller, work: (transaction: Transaction) => Promise<AuditEvent[]>): Promise<void> {
    await database.transaction(async (transaction) => {
      for (const event of await work(transaction)) await audit.appendWithin(transaction, event);
    });
    // The notification of this change may still be on its way.
    keys.forget(biller.id);
  }

  async function move(
    transaction: Transaction,
    biller: Biller,
    key: SigningKeyRow,
    from: KeyState,
    change: Parameters<typeof moveKey>[3],
  ) {
    if (!(await moveKey(transaction, key.id, from, change, now()))) throw changed(biller.slug);
    const { moduleLabel: label, fingerprint } = key;
    if (label !== null && change.moduleLabel === null) {
      await scheduleDestruction(transaction, { label, after: now(), billerId: biller.id, fingerprint });
    }
  }

  /** Makes a key, by default in the same place as the key it follows. */
  function make(
    { id: billerId, slug, name: billerName, entityId }: Biller,
    what: { readonly type: KeyType; readonly state: 'active' | 'staged' },
    place: KeyPlace | undefined,
    before: SigningKeyRow | undefined,
  ): Promise<NewKey> {
    const where = place ?? (before === undefined || before.moduleLabel === null ? 'database' : 'module');
    return keys.make({ billerId, slug, billerName, entityId, ...what, place: where });
  }

  const about = (biller: Biller, key: { fingerprint: string }, { reference, address }: Change) => ({
    reference,
    address,
    billerId: biller.id,
    keyFingerprint: key.fingerprint,
  });

  async function refuseSecond(biller: Biller): Promise<void> {
    if ((await keyInState(db, biller.id, 'staged')) === undefined) return;
    throw new InputError(`${biller.slug} has a staged key already.`, {
      code: 'staged_key_exists',
      names: { biller: biller.slug },
    });
  }

  /** @param how the activation came about, for the audit */
  async function makeActive(
    transaction: Transaction,
    biller: Biller,
    staged: SigningKeyRow,
    how: string,
    change: Change,
  ) {
    const active = await keyInState(transaction, biller.id, 'active');
    if (active !== undefined)
      await move(transaction, biller, active, 'active', { state: 'retiring', holdUntil: active.holdUntil });
    await move(transaction, biller, staged, 'staged', {
      state: 'active',
      activatedAt: now(),
      holdUntil: active?.holdUntil ?? null,
    });
    const { actor, reason } = change;
    const details = { actor, reason, how, previous: active?.fingerprint ?? 'none' };
    return { event: 'key.activated', ...about(biller, staged, change), details } as const;
  }

  const destroyed = { sealedPrivateKey: null, moduleLabel: null, holdUntil: null };

  async function refuseRetiring(biller: Biller): Promise<void> {
    if ((await keyInState(db, biller.id, 'retiring')) === undefined) return;
    throw new InputError(`${biller.slug} still has a retiring key from the last rotation.`, {
      code: 'retiring_key_exists',
      names: { biller: biller.slug },
    });
  }

  async function stageKey(
    biller: Biller,
    key: NewKey,
    origin: string,
    change: Change,
    also?: (transaction: Transaction) => Promise<void>,
  ): Promise<void> {
    await refuseSecond(biller);
    const { actor, reason } = change;
    const details = { actor, reason, keyType: key.keyType, origin };
    await commit(biller, async (transaction) => {
      await keys.insert(transaction, key);
      await also?.(transaction);
      return [{ event: 'key.staged', ...about(biller, key, change), details }];
    });
  }

  return {
    async stage(biller, type, change, place) {
      await refuseSecond(biller);
      const active = await keyInState(db, biller.id, 'active');
      const key = await make(biller, { type, state: 'staged' }, place, active);
      await stageKey(biller, key, key.moduleLabel ? 'made in the hardware module' : 'made', change);
    },

    stageKey,

    async activate(biller, change) {
      const staged = await require(biller, 'staged');
      await refuseRetiring(biller);
      const [status] = await readKeyStatus(database, [biller.id], clock());
      const verdict = status && verdictOf(status, clock());
      if (!change.force && verdict?.safe !== true) {
        throw new InputError(`${biller.slug}: ${verdict?.sentence ?? 'nothing is known.'} Nothing was done.`, {
          code: 'activation_unsafe',
        });
      }
      await commit(biller, async (transaction) => [
        await makeActive(transaction, biller, staged, verdict?.safe === true ? 'seen' : 'forced', change),
      ]);
    },

    async switchOnFetch(biller, keyId, change, claim) {
      // A leftover URL of a key that is no longer staged must not hold up sign-ons.
      const { state } = (await keyById(db, keyId)) ?? {};
      if (state === 'active') return;
      if (state !== 'staged') throw gone();
      const until = clock() + DRAIN_MS + SETTLE_MS;
      await holdKeys(db, biller.id, new Date(until));
      keys.forget(biller.id);
      await setTimeout(DRAIN_MS);
      await commit(biller, async (transaction) => {
        // Another fetch of the same document came first and has already switched.
        if (!(await claim(transaction))) return [];
        const staged = await keyInState(transaction, biller.id, 'staged');
        if (staged?.id !== keyId) throw gone();
        const retiring = await keyInState(transaction, biller.id, 'retiring');
        const events: AuditEvent[] = [];
        if (retiring !== undefined) {
          // The key before the previous one: no longer in use, and it must not block this switch.
          await move(transaction, biller, retiring, 'retiring', { state: 'retired', ...destroyed });
          const { actor, reason } = change;
          events.push({ event: 'key.retired', ...about(biller, retiring, change), details: { actor, reason } });
        }
        return [...events, await makeActive(transaction, biller, staged, 'fetch', change)];
      });
    },

    async backOut(biller, change) {
      const [active, retiring] = [await require(biller, 'active'), await require(biller, 'retiring')];
      await refuseSecond(biller);
      const { actor, reason } = change;
      await commit(biller, async (transaction) => {
        await move(transaction, biller, active, 'active', { state: 'staged', holdUntil: null });
        await move(transaction, biller, retiring, 'retiring', { state: 'active', holdUntil: null });
        const details = { actor, reason, previous: active.fingerprint };
        return [{ event: 'key.backed_out', ...about(biller, retiring, change), details }];
      });
    },

    async retire(biller, state, change) {
      const key = await require(biller, state);
      const age = clock() - key.stateSince.getTime();
      if (state === 'retiring' && age < IN_FLIGHT_MS && !change.force) {
        throw new InputError(
          `${biller.slug}: the key was the active one until ${Math.round(age / 1000)} s ago, and what it signed may still be on its way. Wait until ${IN_FLIGHT_MS / 60_000} minutes have passed.`,
          { code: 'key_in_flight' },
        );
      }
      const { actor, reason } = change;
      await commit(biller, async (transaction) => {
        await move(transaction, biller, key, state, { state: 'retired', ...destroyed });
        return [{ event: 'key.retired', ...about(biller, key, change), details: { actor, reason } }];
      });
    },

    async revoke(biller, key, type, change, place) {
      const active = key.state === 'active';
      if (active && type === undefined) {
        throw new InputError(`${biller.slug}: this is the active key, so it needs a replacement.`, {
          code: 'replacement_missing',
        });
      }
      if (key.state === 'revoked')
        throw new InputError(`${biller.slug}: this key is already revoked.`, { code: 'key_already_revoked' });
      const replacement =
        active && type !== undefined ? await make(biller, { type, state: 'active' }, place, key) : undefined;
      const { actor, reason } = change;
      await commit(biller, async (transaction) => {
        await move(transaction, biller, key, key.state as KeyState, { state: 'revoked', ...destroyed });
        if (replacement !== undefined) await keys.insert(transaction, replacement);
        const details = { actor, reason, replacement: replacement?.fingerprint ?? 'none' };
        return [{ event: 'key.revoked', ...about(biller, key, change), details }];
      });
    },
  };
}
