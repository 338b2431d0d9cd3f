import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Biller } from '../../core/billers/biller.ts';
import type { FoundLaunch, Launches } from '../../core/launches/launches.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { requireSameOrigin } from '../../platform/http/clients/same-origin.ts';
import { sendPage } from '../../platform/http/pages/reply.ts';
import {
  clearFramedCookie,
  type FramedCookie,
  isCookieBack,
  setFramedCookie,
  surplusOf,
  tryFramedCookie,
} from '../framed-cookie.ts';
import { type FramedSession, framedSessions } from '../sessions-here.ts';
import { enterFramePage } from './views/enter-frame-page.ts';

interface InFrameServices {
  readonly launches: Launches;
  readonly sessions: Sessions;
  readonly publicUrl: string;
}

/** A launch that came in a frame, and can be followed. */
interface Framed {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly biller: Biller;
  readonly launch: FoundLaunch;
  readonly ticket: string;
}

/** The steps of a launch inside a frame of the portal. */
export interface InFrame {
  /**
   * Sets the cookie, and sends a page that comes back by itself. Only the portal can frame that page, so a frame of any other
   * website goes no further.
   */
  enter(framed: Framed): FastifyReply;
  /**
   * @returns how to follow the launch; undefined if it can't be, and the ticket was used
   * @throws IdpError framed, with a way to a window of its own, if the cookie did not come back; cross_site
   */
  comeBack(framed: Framed): Promise<ComeBack | undefined>;
}

interface ComeBack {
  /** Sessions to end: see Launches.follow. */
  readonly replaced: readonly string[];
  /** Gives the browser the session, in place of those. */
  keep(session: string): void;
}

/** The field of the page that comes back. */
export const CHECKED = 'checked';

export function createInFrame({ launches, sessions, publicUrl }: InFrameServices): InFrame {
  return {
    enter({ reply, biller, launch, ticket }) {
      const { redirectLinkBase, acsRedirectOrigins } = biller.settings;
      tryFramedCookie(reply, launch.id);
      reply.request.facts.outcome = 'enter_frame';
      const hidden = { ticket, [CHECKED]: '1' };
      const page = enterFramePage({ billerName: biller.name, help: biller.settings, action: '/launch/t', hidden });
      return sendPage(reply, page, {
        // Browsers apply form-action to every redirect after the form: to Invoice Cloud, or back to the portal.
        formAction: [redirectLinkBase, ...acsRedirectOrigins, ...biller.portalOrigins],
        frameAncestors: biller.portalOrigins,
        referrer: 'none',
      });
    },

    async comeBack({ request, reply, biller, launch }) {
      requireSameOrigin(request, publicUrl);
      if (!isCookieBack(request, launch.id)) {
        const href = await launches.forWindow(launch);
        if (href === undefined) return undefined;
        request.facts.wayOut = { href, label: 'Continue in a new window', newWindow: true };
        throw new IdpError('framed', { detail: `the browser keeps no cookie of ours in the frame of ${launch.id}` });
      }
      const replaced = replacedBy(launch, await framedSessions(sessions, request, biller));
      return {
        replaced: replaced.map(({ id }) => id),
        keep(session) {
          for (const { name } of replaced) clearFramedCookie(reply, name);
          setFramedCookie(reply, launch.id, session);
        },
      };
    },
  };
}

/** Those of another portal user, or for the same account; and the oldest, if there are too many. */
function replacedBy({ userId, account }: FoundLaunch, here: readonly FramedSession[]): FramedCookie[] {
  const isReplaced = ({ session }: FramedSession) => session.user.id !== userId || session.framedAccount === account;
  const cookies = (some: readonly FramedSession[]) => some.map(({ cookie }) => cookie);
  const kept = here.filter((one) => !isReplaced(one));
  return [...cookies(here.filter(isReplaced)), ...surplusOf(cookies(kept))];
}
