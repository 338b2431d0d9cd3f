import type { KeyedHash } from '../../core/audit/keyed-hash.ts';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { verifyPassword } from '../../core/portal-users/password.ts';
import { emailKeyOf, findUser, type PortalUserRow } from '../../core/portal-users/store.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Database } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/network.ts';
import { createFairQueue, QueueFull } from '../../platform/util/fair-queue.ts';
import type { Throttle } from './throttle.ts';

/** What a person typed, and from where. */
interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly address: string;
  readonly reference: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** Longer than any password a person types; hashing more would only help an attacker waste CPU. */
const MAX_PASSWORD_CHARACTERS = 1024;
/**
 * Checking a password takes some 30 ms of a core on purpose, so the last in the queue waits for a second or two. Networks
 * take turns.
 */
const QUEUE = { atOnce: 2, waiting: 100, each: 20, withinMs: 10_000 };
/** Suggested wait before the portal user retries, in seconds. */
const RETRY_AFTER = 5;

interface SignInServices {
  readonly database: Database;
  readonly keyedHash: KeyedHash;
  readonly sessions: Sessions;
  readonly throttle: Throttle;
  readonly audit: AuditWriter;
  readonly strangersAudit: StrangersAudit;
}

/**
 * Signs a portal user of the embedded directory in.
 *
 * @param previousSession the identifier of this browser's earlier session, which ends
 * @returns the identifier of the new session, for the cookie
 * @throws IdpError sign_in_failed, sign_in_throttled, service_busy, client_gone
 */
export type SignIn = (biller: Biller, credentials: Credentials, previousSession: string | undefined) => Promise<string>;

/**
 * The embedded directory's sign-in: throttled, and with the same answer after the same time for an unknown user, a wrong
 * password and a disabled user.
 */
export function createSignIn(services: SignInServices): SignIn {
  const { database, keyedHash, sessions, throttle, audit, strangersAudit } = services;
  const { db } = database;
  const queue = createFairQueue(QUEUE);

  /** Waits for a turn, and checks the password. The time between is why a session begins only for an unchanged user. */
  async function matches(user: PortalUserRow | undefined, credentials: Credentials, account: string) {
    const { password, address, gone } = credentials;
    const verify = () => verifyPassword(user?.passwordHash, password.slice(0, MAX_PASSWORD_CHARACTERS));
    try {
      return (await queue.run(networkOf(address), verify, gone)) && password.length <= MAX_PASSWORD_CHARACTERS;
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      await throttle.takeBack(account, address);
      const detail = `the queue of passwords is full: ${error.message}`;
      throw new IdpError('service_busy', { detail, retryAfter: RETRY_AFTER });
    }
  }

  return async (biller, credentials, previousSession) => {
    const { email, address, reference } = credentials;
    const about = { reference, billerId: biller.id, email: emailKeyOf(email) };
    const from = { network: networkOf(address), user: async () => undefined };
    // The table of attempts must not reveal whose they are.
    const account = keyedHash.email(`${biller.id} ${emailKeyOf(email)}`);
    const fail = async (reason: string, user: PortalUserRow | undefined): Promise<never> => {
      await strangersAudit.append({ event: 'sign_in.failed', ...about, userId: user?.id, details: { reason } }, from);
      throw new IdpError('sign_in_failed', { detail: `sign-in failed: ${reason}` });
    };
    try {
      await throttle.attempt(account, address);
    } catch (error) {
      if (error instanceof IdpError) {
        await strangersAudit.append({ event: 'sign_in.failed', ...about, details: { reason: 'throttled' } }, from);
      }
      throw error;
    }
    const user = await findUser(db, biller.id, email);
    const right = await matches(user, credentials, account);
    if (user === undefined) return fail('unknown_user', user);
    if (!right) return fail('wrong_password', user);
    if (user.disabled) return fail('disabled', user);
    const session = await database.transaction(async (transaction) => {
      const id = await sessions.start(transaction, biller, user, previousSession);
      if (id === undefined) return undefined;
      await audit.appendWithin(transaction, { event: 'sign_in.succeeded', ...about, userId: user.id, details: {} });
      return id;
    });
    if (session === undefined) return fail('changed', user);
    await throttle.succeeded(account, address);
    return session;
  };
}
