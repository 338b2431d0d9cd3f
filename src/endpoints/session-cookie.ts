import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SLUG } from '../core/billers/biller.ts';

/**
 * The session cookies at top level, one for each biller: a person who pays several utilities is signed in at all of them.
 * `__Host-` makes the browser insist on Secure, Path=/ and no Domain.
 */
const PREFIX = '__Host-session-';
/** Before 0.3.0 one cookie served all billers. Its sessions go on until they end. */
const FORMER = '__Host-session';

/** Attributes of every cookie. */
export const COOKIE: CookieSerializeOptions = { path: '/', secure: true, httpOnly: true, sameSite: 'lax' };

/** A biller, as far as its cookie depends on it. */
interface OfBiller {
  readonly slug: string;
}

export const sessionCookie = ({ slug }: OfBiller): string => PREFIX + slug;

/** @returns the session identifier that the browser sent for this biller, unchecked */
export function sessionIdOf({ cookies }: FastifyRequest, biller: OfBiller): string | undefined {
  return cookies[sessionCookie(biller)] ?? cookies[FORMER];
}

/** A browser may be signed in at this many billers. */
const MOST_BILLERS = 50;

/**
 * @param biller whose cookies are meant; undefined: all billers
 * @returns the names of the session cookies that the browser sent: those that can be written back
 */
export function sessionCookiesOf({ cookies }: FastifyRequest, biller: OfBiller | undefined): string[] {
  const isMeant = (name: string) =>
    name === FORMER ||
    (biller === undefined
      ? name.startsWith(PREFIX) && SLUG.test(name.slice(PREFIX.length))
      : name === sessionCookie(biller));
  return Object.keys(cookies).filter(isMeant).slice(0, MOST_BILLERS);
}

export function setSessionCookie(reply: FastifyReply, biller: OfBiller, id: string): void {
  // The former cookie stays: it may hold a session at another biller, and this one goes first at its own.
  reply.setCookie(sessionCookie(biller), id, COOKIE);
}
