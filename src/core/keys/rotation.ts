import type { Transaction } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { Biller } from '../billers/biller.ts';
import {
  about,
  type Change,
  createKeyChanges,
  destroyed,
  type KeyChangeServices,
  unknownTrust,
} from './key-changes.ts';
import type { KeyType } from './key-types.ts';
import type { KeyPlace } from './keys.ts';
import type { NewKey } from './new-key.ts';
import { readKeyStatus } from './status.ts';
import { type KeyState, keyInState, lockKeyInState, type SigningKeyRow } from './store.ts';
import { lockKey } from './trust/store.ts';
import { fetchersInWords, verdictOf } from './trust/verdict.ts';

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
  /**
   * Activates the staged key.
   *
   * @param change confirmed: the operator has made sure that those who fetched the certificate are the Service Provider
   * @throws InputError if that isn't safe, unless forced
   */
  activate(biller: Biller, change: Change & { force: boolean; confirmed: boolean }): Promise<void>;
  /** Reactivates the retiring key; the newer one becomes staged again. @throws InputError */
  backOut(biller: Biller, change: Change): Promise<void>;
  /**
   * Removes a key from the metadata and destroys its private key.
   *
   * @throws InputError for a retiring key while what it signed may be on its way, or the active one is not known to be
   *   accepted, unless forced
   */
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

/** For this long, assertions signed by a key that has just become retiring may still be on their way. */
const IN_FLIGHT_MS = 10 * 60_000;

const noKey = (slug: string, state: KeyState) =>
  new InputError(`${slug} has no ${state} key.`, { code: 'key_not_found', names: { biller: slug } });

export function createRotation(services: KeyChangeServices): Rotation {
  const { database, keys, clock } = services;
  const { db } = database;
  const { commit, move, makeActive } = createKeyChanges(services);

  async function require(biller: Biller, state: KeyState): Promise<SigningKeyRow> {
    const key = await keyInState(db, biller.id, state);
    if (key === undefined) throw noKey(biller.slug, state);
    return key;
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

  async function refuseSecond(biller: Biller): Promise<void> {
    if ((await keyInState(db, biller.id, 'staged')) === undefined) return;
    throw new InputError(`${biller.slug} has a staged key already.`, {
      code: 'staged_key_exists',
      names: { biller: biller.slug },
    });
  }

  async function refuseRetiring(biller: Biller): Promise<void> {
    if ((await keyInState(db, biller.id, 'retiring')) === undefined) return;
    throw new InputError(`${biller.slug} still has a retiring key from the last rotation.`, {
      code: 'retiring_key_exists',
      names: { biller: biller.slug },
    });
  }

  function refuseInFlight({ slug, settings }: Biller, { stateSince }: SigningKeyRow): void {
    const age = clock() - stateSince.getTime();
    // A switch on fetch waits for what the key signed, and does not publish its certificate any more.
    if (settings.rotation === 'switch-on-fetch' || age >= IN_FLIGHT_MS) return;
    throw new InputError(
      `${slug}: the key was the active one until ${Math.round(age / 1000)} s ago, and what it signed may still be on its way. Wait until ${IN_FLIGHT_MS / 60_000} minutes have passed.`,
      { code: 'key_in_flight' },
    );
  }

  /** The old key is the way back until the Service Provider is known to take sign-ons with the new one. */
  async function refuseUnproven(transaction: Transaction, { id, slug }: Biller): Promise<void> {
    const active = await lockKeyInState(transaction, id, 'active');
    if (active?.trust === 'accepted') return;
    const found =
      active?.trust === 'refused'
        ? 'the Service Provider refused a sign-on with the active key'
        : 'it is not known whether the Service Provider accepts sign-ons with the active key';
    throw new InputError(`${slug}: ${found}, and the retiring one is the way back.`, {
      code: 'key_unproven',
      names: { biller: slug },
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
      if (status === undefined) throw noKey(biller.slug, 'staged');
      const verdict = verdictOf(status, clock());
      const confirmed = verdict.unconfirmed && change.confirmed;
      if (!verdict.safe && !confirmed && !change.force) {
        throw new InputError(`${biller.slug}: ${verdict.sentence} Nothing was done.`, {
          code: verdict.unconfirmed ? 'activation_unconfirmed' : 'activation_unsafe',
          names: { biller: biller.slug },
        });
      }
      const how = verdict.safe ? 'proven' : confirmed ? 'confirmed' : 'forced';
      const fetchedBy = status.seen === 0 ? 'none' : fetchersInWords(status);
      await commit(biller, async (transaction) => {
        const current = await lockKey(transaction, staged.id);
        // Someone may have said meanwhile what the Service Provider did with a sign-on.
        if ((current?.trust ?? null) !== (status.staged?.trust ?? null)) {
          throw new InputError(`The keys of ${biller.slug} were just changed by someone else.`, {
            code: 'key_changed',
            names: { biller: biller.slug },
          });
        }
        return [await makeActive(transaction, biller, staged, { how, fetchedBy }, change)];
      });
    },

    async backOut(biller, change) {
      const [active, retiring] = [await require(biller, 'active'), await require(biller, 'retiring')];
      await refuseSecond(biller);
      const { actor, reason } = change;
      await commit(biller, async (transaction) => {
        // Whatever was known about the newer one: someone found reason to go back.
        const newer = { state: 'staged', holdUntil: null, ...unknownTrust };
        await move(transaction, biller, active, 'active', newer, change);
        await move(transaction, biller, retiring, 'retiring', { state: 'active', holdUntil: null }, change);
        const details = { actor, reason, previous: active.fingerprint };
        return [{ event: 'key.backed_out', ...about(biller, retiring, change), details }];
      });
    },

    async retire(biller, state, change) {
      const key = await require(biller, state);
      if (state === 'retiring' && !change.force) refuseInFlight(biller, key);
      const { actor, reason } = change;
      await commit(biller, async (transaction) => {
        if (state === 'retiring' && !change.force) await refuseUnproven(transaction, biller);
        await move(transaction, biller, key, state, { state: 'retired', ...destroyed }, change);
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
        await move(transaction, biller, key, key.state as KeyState, { state: 'revoked', ...destroyed }, change);
        if (replacement !== undefined) await keys.insert(transaction, replacement);
        const details = { actor, reason, replacement: replacement?.fingerprint ?? 'none' };
        return [{ event: 'key.revoked', ...about(biller, key, change), details }];
      });
    },
  };
}
