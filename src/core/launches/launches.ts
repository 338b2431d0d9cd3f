import { hash, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Transaction } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { createOneByOne, TooManyWaiting } from '../../platform/util/one-by-one.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Biller } from '../billers/biller.ts';
import type { PortalUsers, Saying } from '../portal-users/portal-users.ts';
import { accountsOf } from '../portal-users/store.ts';
import type { VouchedChange } from '../portal-users/vouched.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { LaunchPlan } from './plan.ts';
import {
  deleteTicketsBefore,
  findTicket,
  insertTicket,
  isUnused,
  lastOfUser,
  noteRefresh,
  replaceTicket,
  useTicket,
} from './store.ts';

/** A launch that was made. */
interface MadeLaunch {
  readonly id: string;
  /** The address that begins it: holds the ticket. */
  readonly url: string;
  readonly expiresAt: Date;
  /** What it changed about the portal user: see PortalUsers.putWithin. */
  readonly change: VouchedChange;
}

/** The launch of a ticket that somebody brings. */
export type FoundLaunch = NonNullable<Awaited<ReturnType<typeof findTicket>>> & {
  /** Whether the ticket is one that the launch had before. */
  readonly isReplaced: boolean;
};

/** Launches by ticket: made for the portal's back end, followed by a browser. */
export interface Launches {
  /** Makes a launch and takes down its portal user, in the caller's transaction. */
  makeWithin(transaction: Transaction, plan: LaunchPlan, by: Saying): Promise<MadeLaunch>;
  /** @param ticket as it came @returns its launch, used or not; undefined if there is none */
  find(ticket: string): Promise<FoundLaunch | undefined>;
  /** @returns why a launch can't be followed any more */
  fault(launch: FoundLaunch): 'used' | 'expired' | undefined;
  /**
   * Uses the ticket up and begins the session of its portal user. At top level it takes the place of the browser's earlier
   * one at this biller; in a frame, that of the sessions that the window says. Frames of one portal user take turns, so that
   * the sign-on of each finds its launch.
   *
   * @returns the identifier of the session, for the cookie; undefined if somebody else was faster, or the ticket expired
   * @throws IdpError account_forbidden if the account is not one of the portal user's any more
   */
  follow(launch: FoundLaunch, biller: Biller, window: LaunchWindow, about: About): Promise<string | undefined>;
  /**
   * Gives a launch that was meant for a frame another ticket, for a window of its own: the one that it had is over.
   *
   * @returns the path to follow it; undefined if it was used meanwhile
   */
  forWindow(launch: FoundLaunch): Promise<string | undefined>;
  /**
   * Decides whether a launch that can't be followed leads back to the portal for a new one: not if that has just been
   * tried for this portal user and helped nothing.
   *
   * @returns where to; undefined if nowhere
   */
  refresh(launch: FoundLaunch): Promise<string | undefined>;
  deleteExpired(): Promise<void>;
}

/** Where a launch is followed. `previousSession` and `replaced` are identifiers of sessions that end with it. */
type LaunchWindow =
  | { readonly framed: false; readonly previousSession: string | undefined }
  | { readonly framed: true; readonly replaced: readonly string[] };

/** Who follows a launch, for the audit. */
interface About {
  readonly reference: string;
  readonly address: string;
}

/** Long enough for a redirect on a slow line. */
const LIFETIME_MS = 60_000;
/** For a launch that waits for a click. */
const WINDOW_LIFETIME_MS = 5 * 60_000;
/** How long a frame waits for another one of its portal user, whose sign-on is on its way. */
const TURN_MS = 5_000;
const LOOK_EVERY_MS = 100;
/** Frames of one portal user that wait at an instance: no page has more. */
const MOST_FRAMES = 8;
/** How long a ticket that is over still leads back to its portal. */
const KEPT_MS = 24 * 60 * 60_000;
/** A portal that brings the same portal user back within this time, with another ticket that is over, does it in a loop. */
const LOOP_MS = 2 * 60_000;
const TICKET = /^[\w-]{43}$/;

const newTicket = () => randomBytes(32).toString('base64url');
const pathOf = (ticket: string) => `/launch/t/${ticket}`;
const hashTicket = (ticket: string) => hash('sha256', ticket, 'buffer');

interface LaunchesServices {
  readonly database: Database;
  readonly portalUsers: PortalUsers;
  readonly sessions: Sessions;
  readonly audit: AuditWriter;
  readonly publicUrl: string;
  readonly clock: () => number;
}

export function createLaunches(services: LaunchesServices): Launches {
  const { database, portalUsers, sessions, audit, publicUrl, clock } = services;
  const { db } = database;
  const frames = createOneByOne(MOST_FRAMES);

  /** @returns the session, if there is one; `busy` if another frame of the portal user should go first */
  async function tryToFollow(
    { id, userId, account, destination, viewMode }: FoundLaunch,
    biller: Biller,
    window: LaunchWindow,
    about: About,
    mayWait: boolean,
  ): Promise<{ readonly session: string | undefined } | 'busy'> {
    const { framed } = window;
    const previousSession = framed ? undefined : window.previousSession;
    const before = await sessions.find(previousSession, biller);
    return database.transaction(async (transaction) => {
      if (framed) await sessions.lockFrames(transaction, userId);
      const isInTurn = !framed || !(await sessions.isFrameOnItsWay(transaction, userId, window.replaced));
      if (!isInTurn && mayWait && (await isUnused(transaction, id))) return 'busy';
      if (!(await useTicket(transaction, id, new Date(clock())))) return { session: undefined };
      const accounts = await accountsOf(transaction, userId);
      if (!accounts.some(({ number }) => number === account)) {
        throw new IdpError('account_forbidden', {
          detail: 'the account of the launch is not one of the portal user’s any more',
        });
      }
      const user = { id: userId, passwordHash: null, emailKey: null };
      const launch = { account, framed, before };
      const session = await sessions.start(transaction, biller, user, previousSession, { launch });
      // The portal user was removed or disabled since.
      if (session === undefined) return { session };
      if (framed) await sessions.end(transaction, window.replaced);
      await audit.appendWithin(transaction, {
        event: 'launch.followed',
        ...about,
        billerId: biller.id,
        userId,
        account,
        details: { launch: id, destination, viewMode, beganBy: 'portal', framed: framed ? 'yes' : 'no' },
      });
      return { session };
    });
  }

  /** Waits, outside of a transaction, while another frame of the portal user is on its way. */
  async function followInTurn(launch: FoundLaunch, biller: Biller, window: LaunchWindow, about: About) {
    const deadline = performance.now() + TURN_MS;
    while (window.framed && performance.now() < deadline) {
      if (!(await sessions.isFrameOnItsWay(db, launch.userId, window.replaced))) {
        const followed = await tryToFollow(launch, biller, window, about, true);
        if (followed !== 'busy') return followed.session;
      }
      await delay(LOOK_EVERY_MS);
    }
    const followed = await tryToFollow(launch, biller, window, about, false);
    return followed === 'busy' ? undefined : followed.session;
  }

  return {
    async makeWithin(transaction, plan, by) {
      const { biller, user, account, destination, viewMode, returnUrl = null, refreshUrl = null } = plan;
      const change = await portalUsers.putWithin(transaction, user, by);
      const id = `launch_${randomBytes(12).toString('hex')}`;
      const ticket = newTicket();
      const expiresAt = new Date(clock() + LIFETIME_MS);
      await insertTicket(transaction, {
        id,
        ticketHash: hashTicket(ticket),
        billerId: biller.id,
        userId: change.userId,
        account,
        destination,
        viewMode,
        returnUrl,
        refreshUrl,
        expiresAt,
      });
      const { actor, source: _portal, ...about } = by;
      const details = { actor, launch: id, destination, viewMode };
      await audit.appendWithin(transaction, {
        event: 'launch.requested',
        ...about,
        userId: change.userId,
        account,
        details,
      });
      return { id, url: publicUrl + pathOf(ticket), expiresAt, change };
    },

    async find(ticket) {
      if (!TICKET.test(ticket)) return undefined;
      const broughtHash = hashTicket(ticket);
      const found = await findTicket(db, broughtHash);
      return found && { ...found, isReplaced: !found.ticketHash.equals(broughtHash) };
    },

    fault({ usedAt, isReplaced, expiresAt }) {
      if (usedAt !== null || isReplaced) return 'used';
      return expiresAt.getTime() <= clock() ? 'expired' : undefined;
    },

    async follow(launch, biller, window, about) {
      const follow = () => followInTurn(launch, biller, window, about);
      if (!window.framed) return follow();
      try {
        return await frames(launch.userId, follow);
      } catch (error) {
        if (!(error instanceof TooManyWaiting)) throw error;
        const detail = `more than ${MOST_FRAMES} frames of one portal user wait for their turn`;
        throw new IdpError('service_busy', { detail, retryAfter: TURN_MS / 1000 });
      }
    },

    async forWindow({ id, ticketHash }) {
      const ticket = newTicket();
      const expiresAt = new Date(clock() + WINDOW_LIFETIME_MS);
      const isReplaced = await replaceTicket(db, id, ticketHash, { ticketHash: hashTicket(ticket), expiresAt });
      return isReplaced ? pathOf(ticket) : undefined;
    },

    async refresh({ id, userId, refreshUrl }) {
      if (refreshUrl === null) return undefined;
      const now = clock();
      const last = await lastOfUser(db, userId);
      const refreshed = last.refreshedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
      const helped = (last.usedAt?.getTime() ?? Number.NEGATIVE_INFINITY) > refreshed;
      if (now - refreshed < LOOP_MS && !helped) return undefined;
      await noteRefresh(db, id, new Date(now));
      return refreshUrl;
    },

    deleteExpired: () => deleteTicketsBefore(db, new Date(clock() - KEPT_MS)),
  };
}
