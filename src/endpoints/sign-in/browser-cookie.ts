import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Biller } from '../../core/billers/biller.ts';
import { KNOWN_FOR_MS } from '../../core/portal-users/known-browsers.ts';
import { COOKIE } from '../session-cookie.ts';

/** The cookie by which a browser is known at a biller. It outlives the session and the sign-out: it opens nothing. */
const browserCookie = ({ slug }: Biller): string => `__Host-browser-${slug}`;

/** @returns the identifier that the browser sent for this biller, unchecked */
export const browserIdOf = ({ cookies }: FastifyRequest, biller: Biller): string | undefined =>
  cookies[browserCookie(biller)];

export function setBrowserCookie(reply: FastifyReply, biller: Biller, id: string): void {
  reply.setCookie(browserCookie(biller), id, { ...COOKIE, maxAge: KNOWN_FOR_MS / 1000 });
}
