import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { COOKIE } from './session-cookie.ts';

/**
 * The session cookies inside frames, one for each launch. A browser that keeps the cookies of other sites out of frames
 * keeps these: Partitioned ties them to the site of the top window (CHIPS), so that they can't follow anybody around.
 */
const PREFIX = '__Host-framed-';
const LAUNCH_ID = /^launch_([0-9a-f]{24})$/;
const NAME = /^__Host-framed-[0-9a-f]{24}$/;
/** As many frames with different accounts as a page may have. */
const MOST_FRAMES = 8;
/** A browser keeps the cookies of this many launches, at whichever biller. */
const MOST_COOKIES = 2 * MOST_FRAMES;
/** Shows that the browser keeps the cookie; no session has this identifier. */
const CHECK = 'check';

/** Attributes of every cookie inside a frame. */
export const FRAMED_COOKIE: CookieSerializeOptions = { ...COOKIE, sameSite: 'none', partitioned: true };

/** A framed cookie that the browser sent. */
export interface FramedCookie {
  readonly name: string;
  /** The session identifier, unchecked. */
  readonly id: string;
}

/** @param launchId as core/launches makes it */
const nameOf = (launchId: string) => `${PREFIX}${LAUNCH_ID.exec(launchId)?.[1]}`;

/** @returns all of them, the newest last: browsers send the oldest first (RFC 6265, 5.4) */
const allOf = ({ cookies }: FastifyRequest): FramedCookie[] =>
  Object.entries(cookies).flatMap(([name, id = '']) => (NAME.test(name) ? [{ name, id }] : []));

/** @returns the cookies of sessions inside frames, the newest last */
export const framedCookiesOf = (request: FastifyRequest): FramedCookie[] =>
  allOf(request)
    .slice(-MOST_COOKIES)
    .filter(({ id }) => id !== CHECK);

/** @returns whether a launch has begun inside a frame, also if it has ended since */
export const hasFramedCookie = (request: FastifyRequest): boolean => framedCookiesOf(request).length > 0;

/** @param cookies of live sessions, the newest last @returns those to give up so that one more fits */
export const surplusOf = (cookies: readonly FramedCookie[]): readonly FramedCookie[] =>
  cookies.slice(0, Math.max(0, cookies.length - MOST_FRAMES + 1));

/** Begins to find out whether the browser keeps the cookie of a launch; the oldest ones make room for it. */
export function tryFramedCookie(reply: FastifyReply, launchId: string): void {
  for (const { name } of allOf(reply.request).slice(0, 1 - MOST_COOKIES)) clearFramedCookie(reply, name);
  reply.setCookie(nameOf(launchId), CHECK, FRAMED_COOKIE);
}

export function setFramedCookie(reply: FastifyReply, launchId: string, sessionId: string): void {
  reply.setCookie(nameOf(launchId), sessionId, FRAMED_COOKIE);
}

export const clearFramedCookie = (reply: FastifyReply, name: string): FastifyReply =>
  reply.clearCookie(name, FRAMED_COOKIE);

/** @returns whether the cookie of a launch, set before, came back */
export const isCookieBack = ({ cookies }: FastifyRequest, launchId: string): boolean =>
  cookies[nameOf(launchId)] !== undefined;
