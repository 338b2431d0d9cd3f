import { earlierAppendsEnded } from '../../core/audit/earlier-appends.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { forgetBrowsersOfUser, type KnownBrowsers } from '../../core/portal-users/known-browsers.ts';
import { hashPassword, PASSWORD_CHARACTERS } from '../../core/portal-users/password.ts';
import { findPasswordLink, takePasswordLink } from '../../core/portal-users/password-links.ts';
import { lockUser, updateUser } from '../../core/portal-users/store.ts';
import { deleteSessionsOfUser } from '../../core/sessions/store.ts';
import type { Database } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { createFairQueue, QueueFull } from '../../platform/util/fair-queue.ts';

/** A new password, and from where it comes. */
interface NewPassword {
  /** From the link. */
  readonly token: string;
  readonly password: string;
  readonly address: string;
  readonly reference: string;
  /** The identifier from the cookie of a known browser, unchecked. */
  readonly browser: string | undefined;
  readonly gone: AbortSignal;
}

/** One-time links with which portal users set a new password. */
export interface SetPassword {
  /** @returns whose link it is; looking does not use it up @throws IdpError password_link_over */
  look(biller: Biller, token: string): Promise<{ readonly email: string }>;
  /**
   * Uses the link up, sets the password and ends all sessions of the portal user. This browser is known from now on, and
   * no other one: strangers who keep guessing her password can't keep her from signing in with the new one.
   *
   * @returns the identifier for the cookie of a known browser
   * @throws IdpError password_unfit (the link stays), password_link_over, service_busy, client_gone
   */
  set(biller: Biller, given: NewPassword): Promise<string>;
}

interface SetPasswordServices {
  readonly database: Database;
  readonly knownBrowsers: KnownBrowsers;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

/** Only who has a link gets this far, and hashing takes as long as at a sign-in. */
const QUEUE = { atOnce: 1, waiting: 20, each: 3, withinMs: 10_000 };
const RETRY_AFTER = 5;

const over = (reason: string) => new IdpError('password_link_over', { detail: `the link to set a password ${reason}` });

/** @throws IdpError password_unfit */
function requireFit({ length }: string): void {
  const { least, most } = PASSWORD_CHARACTERS;
  if (length >= least && length <= most) return;
  const remedy =
    length < least
      ? `Choose one with at least ${least} characters. Several words are easy to remember.`
      : `Choose one with at most ${most.toLocaleString('en-US')} characters.`;
  throw new IdpError('password_unfit', { detail: `the new password has ${length} characters`, remedy });
}

export function createSetPassword({ database, knownBrowsers, audit, clock }: SetPasswordServices): SetPassword {
  const queue = createFairQueue(QUEUE);

  async function requireLink(biller: Biller, token: string) {
    const link = await findPasswordLink(database.db, biller.id, token);
    if (link === undefined) throw over('is unknown, used or replaced');
    if (link.expiresAt.getTime() <= clock()) throw over(`expired at ${link.expiresAt.toISOString()}`);
    if (link.disabled) throw over('is that of a disabled user');
    return link;
  }

  async function use(biller: Biller, userId: string, given: NewPassword): Promise<string> {
    // Slow, so done before the transaction begins.
    const passwordHash = await hashPassword(given.password);
    given.gone.throwIfAborted();
    return database.transaction(async (transaction) => {
      const user = await lockUser(transaction, userId);
      // Version 0.2.0 may disable a user meanwhile, and does not withdraw the link.
      if (user === undefined || user.disabled) throw over('is that of a user who was just disabled or removed');
      if (!(await takePasswordLink(transaction, given.token, new Date(clock()))))
        throw over('was just used or replaced');
      await updateUser(transaction, userId, { passwordHash }, undefined);
      await deleteSessionsOfUser(transaction, userId);
      await forgetBrowsersOfUser(transaction, userId);
      const { reference, address } = given;
      const about = { reference, address, billerId: biller.id, userId, email: user.email };
      await audit.appendWithin(transaction, { event: 'user.password_set', ...about, details: {} });
      return knownBrowsers.note(transaction, user, given.browser);
    });
  }

  return {
    look: requireLink,
    async set(biller, given) {
      const { userId } = await requireLink(biller, given.token);
      requireFit(given.password);
      try {
        const browser = await queue.run(networkOf(given.address), () => use(biller, userId, given), given.gone);
        await earlierAppendsEnded(database);
        return browser;
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        const detail = `the queue of new passwords is full: ${error.message}`;
        throw new IdpError('service_busy', { detail, retryAfter: RETRY_AFTER });
      }
    },
  };
}
