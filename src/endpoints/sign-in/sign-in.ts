import type { KeyedHash } from '../../core/audit/keyed-hash.ts';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { KnownBrowser, KnownBrowsers } from '../../core/portal-users/known-browsers.ts';
import { PASSWORD_CHARACTERS, verifyPassword } from '../../core/portal-users/password.ts';
import { emailKeyOf, findUser, type PortalUserRow } from '../../core/portal-users/store.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Database } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { createFairQueue, QueueFull } from '../../platform/util/fair-queue.ts';
import type { Throttle } from './throttle.ts';

/** What a person typed, and from where. */
interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly address: string;
  readonly reference: string;
  /** The identifier of this browser's earlier session, which ends. */
  readonly previousSession: string | undefined;
  /** The identifier from the cookie of a known browser, unchecked. */
  readonly browser: string | undefined;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/**
 * Checking a password takes some 30 ms of a core on purpose, and two are checked at a time (password.ts): the last in the
 * queue waits for a few seconds. Networks take turns. Of the database only known browsers are asked before, as every page
 * asks it for the session.
 */
const QUEUE = { atOnce: 4, waiting: 120, each: 40, withinMs: 10_000 };
/** Portal users in known browsers take turns among themselves: strangers can't fill their queue. */
const KNOWN_QUEUE = { atOnce: 2, waiting: 60, each: 10, withinMs: 10_000 };
/** Suggested wait before the portal user retries, in seconds. */
const RETRY_AFTER = 5;

interface SignInServices {
  readonly database: Database;
  readonly keyedHash: KeyedHash;
  readonly sessions: Sessions;
  readonly knownBrowsers: KnownBrowsers;
  readonly throttle: Throttle;
  readonly audit: AuditWriter;
  readonly strangersAudit: StrangersAudit;
}

/** Identifiers for the cookies of who has signed in. */
interface SignedIn {
  readonly session: string;
  readonly browser: string;
}

/**
 * Signs a portal user of the embedded directory in.
 *
 * @throws IdpError sign_in_failed, sign_in_throttled, service_busy, client_gone
 */
export type SignIn = (biller: Biller, credentials: Credentials) => Promise<SignedIn>;

/**
 * The embedded directory's sign-in: throttled, and with the same answer after the same time for an unknown user, a wrong
 * password and a disabled user.
 */
export function createSignIn(services: SignInServices): SignIn {
  const { database, keyedHash, sessions, knownBrowsers, throttle, audit, strangersAudit } = services;
  const { db } = database;
  const strangersQueue = createFairQueue(QUEUE);
  const knownQueue = createFairQueue(KNOWN_QUEUE);

  async function attempt(biller: Biller, credentials: Credentials, known: KnownBrowser | undefined) {
    const { email, password, address, reference, gone, previousSession } = credentials;
    const about = { reference, billerId: biller.id, address, email: emailKeyOf(email) };
    const from = { network: networkOf(address), user: async () => undefined };
    // The table of attempts must not reveal whose they are.
    const account = keyedHash.email(`${biller.id} ${emailKeyOf(email)}`);
    const counted = { account, address, browser: known?.key };
    const fail = async (reason: string, user: PortalUserRow | undefined): Promise<never> => {
      // Nobody waits for it: only what known users do is always written, and waiting would tell who is known.
      void strangersAudit
        .append({ event: 'sign_in.failed', ...about, userId: user?.id, details: { reason } }, from)
        .catch(() => undefined);
      throw new IdpError('sign_in_failed', { detail: `sign-in failed: ${reason}` });
    };
    try {
      await throttle.attempt(counted);
    } catch (error) {
      if (error instanceof IdpError) {
        await strangersAudit.append({ event: 'sign_in.failed', ...about, details: { reason: 'throttled' } }, from);
      }
      throw error;
    }
    const user = await findUser(db, biller.id, email);
    gone.throwIfAborted();
    const matches = await verifyPassword(user?.passwordHash, password.slice(0, PASSWORD_CHARACTERS.most));
    if (user === undefined) return fail('unknown_user', user);
    if (!matches || password.length > PASSWORD_CHARACTERS.most) return fail('wrong_password', user);
    if (user.disabled) return fail('disabled', user);
    // The user may have been changed since.
    const signedIn = await database.transaction(async (transaction) => {
      const session = await sessions.start(transaction, biller, user, previousSession);
      if (session === undefined) return undefined;
      const browser = await knownBrowsers.note(transaction, user, credentials.browser);
      await audit.appendWithin(transaction, {
        event: 'sign_in.succeeded',
        ...about,
        userId: user.id,
        details: { beganBy: 'password' },
      });
      return { session, browser };
    });
    if (signedIn === undefined) return fail('changed', user);
    await throttle.succeeded(counted);
    return signedIn;
  }

  return async (biller, credentials) => {
    const { address, gone, browser, email } = credentials;
    const known = await knownBrowsers.find(browser, biller.id, email);
    const queue = known === undefined ? strangersQueue : knownQueue;
    try {
      return await queue.run(known?.userId ?? networkOf(address), () => attempt(biller, credentials, known), gone);
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      const detail = `the queue of sign-ins is full: ${error.message}`;
      throw new IdpError('service_busy', { detail, retryAfter: RETRY_AFTER });
    }
  };
}
