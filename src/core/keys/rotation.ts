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
}

/** The changes of state of signing keys. Each is a compare and swap, and is committed with its audit event. */
export interface Rotation {
  /**
   * Makes a key and publishes it beside the active one.
   *
   * @param place where its private part is kept; undefined: where that of the active one is
   * @throws InputError where one is staged already, or the hardware module does not make it
   */
  stage(biller: Biller, type: KeyType, change: Change, place?: KeyPlace): Promise<void>;
  /**
   * Publishes a key that came from elsewhere.
   *
   * @param also done in the same transaction
   * @throws InputError where one is staged already
   */
  stageGiven(
    biller: Biller,
    key: NewKey,
    origin: string,
    change: Change,
    also?: (transaction: Transaction) => Promise<void>,
  ): Promise<void>;
  /** Makes the staged key the active one. @throws InputError where that isn't safe, unless forced */
  activate(biller: Biller, change: Change & { force: boolean }): Promise<void>;
  /** Makes the staged key active because its one-time metadata is being fetched: see DRAIN_MS. */
  switchOnFetch(
    biller: Biller,
    keyId: string,
    change: Change,
    claim: (transaction: Transaction) => Promise<boolean>,
  ): Promise<void>;
  /** Makes the retiring key active again; the newer one is staged again. @throws InputError */
  backOut(biller: Biller, change: Change): Promise<void>;
  /** Takes a key out of the metadata and destroys its private part. @throws InputError */
  retire(biller: Biller, state: 'staged' | 'retiring', change: Change & { force: boolean }): Promise<void>;
  /**
   * Revokes a key. The active one is replaced in the same moment.
   *
   * @param place where the private part of its replacement is kept; undefined: where that of the revoked one is
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
 * A switch on fetch holds signing for a few seconds: long enough before the switch that every instance knows of it and
 * what was signed with the old key has arrived, and long enough after it that the other side has kept the new certificate.
 * A portal user who signs on in that moment waits; nobody is refused.
 */
const DRAIN_MS = 2_000;
const SETTLE_MS = 2_000;

/** Assertions signed by a key that has just become retiring are still on their way for this long. */
const IN_FLIGHT_MS = 10 * 60_000;

const changed = (slug: string) =>
  new InputError(`The keys of ${slug} were changed by somebody else meanwhile.`, {
    code: 'key_changed',
    names: { biller: slug },
  });
const noKey = (slug: string, state: KeyState) =>
  new InputError(`${slug} has no ${state} key.`, { code: 'key_not_found', names: { biller: slug } });

const gone = () => new IdpError('one_time_metadata_over', { detail: 'the key is not staged any more' });

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

  /** Runs a change in one transaction with its audit event, and has this instance read the keys again. */
  async function commit(biller: Biller, work: (transaction: Transaction) => Promise<AuditEvent[]>): Promise<void> {
    await database.transaction(async (transaction) => {
      for (const event of await work(transaction)) await audit.appendWithin(transaction, event);
    });
    // The notice of this change may still be on its way.
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

  /** Makes a key where one is that it follows. */
  function make(
    { id: billerId, slug, name: billerName, entityId }: Biller,
    what: { readonly type: KeyType; readonly state: 'active' | 'staged' },
    place: KeyPlace | undefined,
    before: SigningKeyRow | undefined,
  ): Promise<NewKey> {
    const where = place ?? (before === undefined || before.moduleLabel === null ? 'database' : 'module');
    return keys.make({ billerId, slug, billerName, entityId, ...what, place: where });
  }

  const about = (biller: Biller, key: { fingerprint: string }, { reference }: Change) => ({
    reference,
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

  async function stageGiven(
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
      await stageGiven(biller, key, key.moduleLabel ? 'made in the hardware module' : 'made', change);
    },

    stageGiven,

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
      // Whoever has the address of a key that is out of the game must not make sign-ons wait.
      const { state } = (await keyById(db, keyId)) ?? {};
      if (state === 'active') return;
      if (state !== 'staged') throw gone();
      const until = clock() + DRAIN_MS + SETTLE_MS;
      await holdKeys(db, biller.id, new Date(until));
      keys.forget(biller.id);
      await setTimeout(DRAIN_MS);
      await commit(biller, async (transaction) => {
        // Somebody else's fetch of the same document came first: it has done what this one would.
        if (!(await claim(transaction))) return [];
        const staged = await keyInState(transaction, biller.id, 'staged');
        if (staged?.id !== keyId) throw gone();
        const retiring = await keyInState(transaction, biller.id, 'retiring');
        const events: AuditEvent[] = [];
        if (retiring !== undefined) {
          // The one before the last: nobody is waiting for it, and it must not stand in the way of this moment.
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
        throw new InputError(`${biller.slug}: this is the active key, so another must take its place at once.`, {
          code: 'replacement_missing',
        });
      }
      if (key.state === 'revoked')
        throw new InputError(`${biller.slug}: this key is revoked already.`, { code: 'key_already_revoked' });
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
