import { hash, randomBytes } from 'node:crypto';
import type { Database, Transaction } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Biller } from '../billers/biller.ts';
import type { PortalUsers, Saying } from '../portal-users/portal-users.ts';
import { accountsOf } from '../portal-users/store.ts';
import type { VouchedChange } from '../portal-users/vouched.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { LaunchPlan } from './plan.ts';
import { deleteTicketsBefore, findTicket, insertTicket, lastOfUser, noteRefresh, useTicket } from './store.ts';

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
export type FoundLaunch = NonNullable<Awaited<ReturnType<typeof findTicket>>>;

/** Launches by ticket: made for the portal's back end, followed by a browser. */
export interface Launches {
  /** Makes a launch and takes down its portal user, in the caller's transaction. */
  makeWithin(transaction: Transaction, plan: LaunchPlan, by: Saying): Promise<MadeLaunch>;
  /** @param ticket as it came @returns its launch, used or not; undefined if there is none */
  find(ticket: string): Promise<FoundLaunch | undefined>;
  /** @returns why a launch can't be followed any more */
  fault(launch: FoundLaunch): 'used' | 'expired' | undefined;
  /**
   * Uses the ticket up and begins the session of its portal user, in place of the browser's earlier one at this biller.
   *
   * @returns the identifier of the session, for the cookie; undefined if somebody else was faster, or the ticket expired
   * @throws IdpError account_forbidden if the account is not one of the portal user's any more
   */
  follow(
    launch: FoundLaunch,
    biller: Biller,
    previousSession: string | undefined,
    about: About,
  ): Promise<string | undefined>;
  /**
   * Decides whether a launch that can't be followed leads back to the portal for a new one: not if that has just been
   * tried for this portal user and helped nothing.
   *
   * @returns where to; undefined if nowhere
   */
  refresh(launch: FoundLaunch): Promise<string | undefined>;
  deleteExpired(): Promise<void>;
}

/** Who follows a launch, for the audit. */
interface About {
  readonly reference: string;
  readonly address: string;
}

/** Long enough for a redirect on a slow line. */
const LIFETIME_MS = 60_000;
/** How long a ticket that is over still leads back to its portal. */
const KEPT_MS = 24 * 60 * 60_000;
/** A portal that brings the same portal user back within this time, with another ticket that is over, does it in a loop. */
const LOOP_MS = 2 * 60_000;
const TICKET = /^[\w-]{43}$/;

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

  return {
    async makeWithin(transaction, plan, by) {
      const { biller, user, account, destination, viewMode, returnUrl = null, refreshUrl = null } = plan;
      const change = await portalUsers.putWithin(transaction, user, by);
      const id = `launch_${randomBytes(12).toString('hex')}`;
      const ticket = randomBytes(32).toString('base64url');
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
      const { actor, ...about } = by;
      const details = { actor, launch: id, destination, viewMode };
      await audit.appendWithin(transaction, {
        event: 'launch.requested',
        ...about,
        userId: change.userId,
        account,
        details,
      });
      return { id, url: `${publicUrl}/launch/t/${ticket}`, expiresAt, change };
    },

    find: async (ticket) => (TICKET.test(ticket) ? findTicket(db, hashTicket(ticket)) : undefined),

    fault({ usedAt, expiresAt }) {
      if (usedAt !== null) return 'used';
      return expiresAt.getTime() <= clock() ? 'expired' : undefined;
    },

    async follow(launch, biller, previousSession, about) {
      const before = await sessions.find(previousSession, biller);
      return database.transaction(async (transaction) => {
        const { id, userId, account, destination, viewMode } = launch;
        if (!(await useTicket(transaction, id, new Date(clock())))) return undefined;
        const accounts = await accountsOf(transaction, userId);
        if (!accounts.some(({ number }) => number === account)) {
          throw new IdpError('account_forbidden', {
            detail: 'the account of the launch is not one of the portal user’s any more',
          });
        }
        const user = { id: userId, passwordHash: null, emailKey: null };
        const session = await sessions.start(transaction, biller, user, previousSession, { account, before });
        // The portal user was removed or disabled since.
        if (session === undefined) return undefined;
        await audit.appendWithin(transaction, {
          event: 'launch.followed',
          ...about,
          billerId: biller.id,
          userId,
          account,
          details: { launch: id, destination, viewMode, beganBy: 'portal' },
        });
        return session;
      });
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
