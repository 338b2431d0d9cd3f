import type { Db, Transaction } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { AuditEvent } from '../../audit/events.ts';
import { assertionsSignedWith } from '../../audit/store.ts';
import type { Biller } from '../../billers/biller.ts';
import { lockEnabledUser } from '../../portal-users/store.ts';
import { about, type Change, createKeyChanges, type KeyChangeServices } from '../key-changes.ts';
import { keyInState, lockKeyInState, type SigningKeyRow } from '../store.ts';
import { canaryStopped } from './canary-events.ts';
import { endCanary, lockKey, setTrust, startCanary, type Trust } from './store.ts';
import { faultOfDates } from './verdict.ts';

/**
 * A canary is one portal user whose sign-ons are signed by the staged key, while the active one signs everybody else's.
 * It shows whether the Service Provider trusts the staged certificate, before anyone depends on it.
 *
 * A Response goes to the Service Provider through the browser, and nothing comes back (SAML profiles, 4.1.2). Another
 * AuthnRequest is no sign either: a browser that was refused sends one too. So the verdict is that of a person who saw
 * the page at the other side; what is known here is that there was a sign-on to judge.
 */
export interface Canary {
  /** @throws InputError without a usable staged key or an enabled portal user, or if a canary is running already */
  start(biller: Biller, user: { readonly id: string; readonly email: string }, change: Change): Promise<void>;
  /** Ends the canary without a verdict. @throws InputError if none is running */
  stop(biller: Biller, change: Change): Promise<void>;
  /**
   * Records what the Service Provider did with a sign-on that a key signed, and ends the canary if there is one.
   *
   * @param key the staged key, which needs a canary, or the active one
   * @throws InputError if the key is neither; or, for `accepted`, if it has signed no sign-on that could have been
   */
  judge(biller: Biller, key: SigningKeyRow, trust: Trust, change: Change): Promise<void>;
}

const named = (biller: Biller) => ({ names: { biller: biller.slug } });

const noCanary = (biller: Biller) =>
  new InputError(`${biller.slug} has no canary: no portal user’s sign-ons are signed by a staged key.`, {
    code: 'canary_missing',
    ...named(biller),
  });

/**
 * The key whose verdict an operator means if none is named: the canary's, and the active one if no key is staged.
 *
 * @throws InputError if a key is staged and has no canary: it is not clear which key is meant
 */
export async function keyToJudge(db: Db, biller: Biller): Promise<SigningKeyRow> {
  const staged = await keyInState(db, biller.id, 'staged');
  if (staged !== undefined && staged.canaryUserId === null) throw noCanary(biller);
  const key = staged ?? (await keyInState(db, biller.id, 'active'));
  if (key === undefined) {
    throw new InputError(`${biller.slug} has no active key.`, { code: 'key_not_found', ...named(biller) });
  }
  return key;
}

export function createCanary(services: KeyChangeServices): Canary {
  const { clock } = services;
  const { commit } = createKeyChanges(services);

  /** @throws InputError if no sign-on with the staged key could succeed */
  function refuseUnsuitable(biller: Biller, staged: SigningKeyRow): void {
    const refuse = (sentence: string) =>
      new InputError(`${biller.slug}: ${sentence}`, { code: 'canary_unsuitable', ...named(biller) });
    const fault = faultOfDates(
      { not_before: staged.notBefore.getTime(), not_after: staged.notAfter.getTime() },
      clock(),
    );
    if (fault !== undefined) throw refuse(fault);
    if (biller.settings.rotation === 'overlap') return;
    throw refuse(
      'Its rotation is switch-on-fetch: the Service Provider keeps only one certificate, and does not have the staged one before the hand-over.',
    );
  }

  async function requireStaged(transaction: Transaction, biller: Biller): Promise<SigningKeyRow> {
    // Locked, so that the key is not retired or activated at the same time.
    const staged = await lockKeyInState(transaction, biller.id, 'staged');
    if (staged !== undefined) return staged;
    throw new InputError(`${biller.slug} has no staged key.`, { code: 'staged_key_missing', ...named(biller) });
  }

  /** @throws InputError if nothing was signed with the key that the Service Provider could have accepted */
  async function requireSignOn(transaction: Transaction, biller: Biller, key: SigningKeyRow): Promise<void> {
    const since = key.canarySince ?? key.activatedAt ?? key.createdAt;
    const userId = key.canaryUserId ?? undefined;
    const which = { billerId: biller.id, key: key.fingerprint, since, userId };
    const { count } = await assertionsSignedWith(transaction, which, 1);
    if (count > 0) return;
    throw new InputError(
      `${biller.slug}: No sign-on was signed with the ${key.state} key yet, so none can have been accepted.`,
      { code: 'nothing_signed', ...named(biller) },
    );
  }

  return {
    async start(biller, user, change) {
      await commit(biller, async (transaction) => {
        // Always in this order, portal user and then key, so that two changes can't wait for each other.
        if (!(await lockEnabledUser(transaction, user.id))) {
          throw new InputError('The portal user is disabled or was removed, and can’t sign on.', {
            code: 'user_disabled',
            field: 'user',
            ...named(biller),
          });
        }
        const staged = await requireStaged(transaction, biller);
        refuseUnsuitable(biller, staged);
        if (!(await startCanary(transaction, staged.id, user.id, new Date(clock())))) {
          throw new InputError(`${biller.slug} has a canary already.`, { code: 'canary_running', ...named(biller) });
        }
        const { actor, reason } = change;
        const who = { userId: user.id, email: user.email };
        return [{ event: 'key.canary_started', ...about(biller, staged, change), ...who, details: { actor, reason } }];
      });
    },

    async stop(biller, change) {
      await commit(biller, async (transaction) => {
        const staged = await lockKeyInState(transaction, biller.id, 'staged');
        if (staged === undefined || staged.canaryUserId === null) throw noCanary(biller);
        await endCanary(transaction, staged.id);
        return [canaryStopped(biller, staged, change)];
      });
    },

    async judge(biller, { id }, trust, change) {
      await commit(biller, async (transaction) => {
        const key = await lockKey(transaction, id);
        if (key?.state === 'staged' && key.canaryUserId === null) throw noCanary(biller);
        if (key?.state !== 'staged' && key?.state !== 'active') {
          throw new InputError(`${biller.slug}: the key is neither staged nor active.`, {
            code: 'key_changed',
            ...named(biller),
          });
        }
        if (trust === 'accepted') await requireSignOn(transaction, biller, key);
        await setTrust(transaction, id, trust, new Date(clock()));
        const { actor, reason } = change;
        const verdict: AuditEvent = {
          event: 'key.judged',
          ...about(biller, key, change),
          details: { actor, reason, verdict: trust, state: key.state },
        };
        if (key.canaryUserId === null) return [verdict];
        await endCanary(transaction, id);
        return [verdict, canaryStopped(biller, key, change)];
      });
    },
  };
}
