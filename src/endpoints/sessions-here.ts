import type { FastifyRequest } from 'fastify';
import type { Biller } from '../core/billers/biller.ts';
import type { Session, Sessions } from '../core/sessions/sessions.ts';
import { isFramed } from '../platform/http/clients/same-origin.ts';
import { type FramedCookie, framedCookiesOf, hasFramedCookie } from './framed-cookie.ts';
import { sessionIdOf } from './session-cookie.ts';

/** A session inside a frame, with its cookie. */
export interface FramedSession {
  readonly cookie: FramedCookie;
  readonly session: Session;
}

/** @returns the live sessions inside frames that the browser has at this biller, the newest last */
export async function framedSessions(
  sessions: Sessions,
  request: FastifyRequest,
  biller: Biller,
): Promise<FramedSession[]> {
  const found = await Promise.all(
    framedCookiesOf(request).map(async (cookie) => ({ cookie, session: await sessions.find(cookie.id, biller) })),
  );
  return found.filter((one): one is FramedSession => one.session?.framedAccount != null);
}

/**
 * Finds who is signed in where a request came from. At top level that is one session at most. In a frame there is one for
 * each launch. A frame on the portal's own site has the session at top level, too: it counts only where no launch has begun
 * in a frame, because it may be another person's.
 */
export async function sessionsHere(sessions: Sessions, request: FastifyRequest, biller: Biller): Promise<Session[]> {
  if (isFramed(request) && hasFramedCookie(request)) {
    return ofNewestUser((await framedSessions(sessions, request, biller)).map(({ session }) => session));
  }
  const session = await sessions.find(sessionIdOf(request, biller), biller);
  return session === undefined || session.framedAccount !== null ? [] : [session];
}

/** Launches of two people that began at the same moment: the later one is who the frames are for. */
function ofNewestUser(all: readonly Session[]): Session[] {
  const [newest] = all.toSorted((one, other) => other.authenticatedAt - one.authenticatedAt);
  return all.filter(({ user }) => user.id === newest?.user.id);
}

/** What several sessions in one place may be for. */
export interface Meant {
  /** Undefined if it could be several. */
  readonly session: Session | undefined;
  /** Those that it could be: at least one. */
  readonly candidates: readonly [Session, ...Session[]];
}

/**
 * Decides which session a sign-on is for. An AuthnRequest does not say which launch it belongs to: if only one of them waits
 * for its sign-on, it is that one. If it has waited for longer than its turn, it may as well be a frame of before that signs
 * on once more.
 *
 * @param wanted the account that was chosen, maybe one whose sign-on has taken place
 */
export function meantBy(here: readonly [Session, ...Session[]], sessions: Sessions, wanted: string | undefined): Meant {
  const [first, ...others] = here.filter(sessions.isLaunched);
  const isClear = first !== undefined && (others.length > 0 || here.length === 1 || sessions.isInTurn(first));
  const candidates: Meant['candidates'] = isClear ? [first, ...others] : here;
  const chosen = [...candidates, ...here].find(({ framedAccount }) => framedAccount === wanted);
  return { session: chosen ?? (candidates.length === 1 ? candidates[0] : undefined), candidates };
}
