import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isFramed } from '../../../platform/http/clients/same-origin.ts';
import { FRAMED_COOKIE } from '../../framed-cookie.ts';
import { COOKIE } from '../../session-cookie.ts';

/** How long a flow lives, and how long the browser remembers that it was answered. */
export const FLOW_LIFETIME_MS = 15 * 60_000;
const ID = /^[\w-]{16}$/;
/** A browser keeps the cookies of this many flows. */
const MAX_COOKIES = 8;
const PREFIX = '__Host-flow-';
/** A browser may send other cookies with this prefix, and not every name can be written back. */
const isFlowCookie = (name: string) => name.startsWith(PREFIX) && ID.test(name.slice(PREFIX.length));
const MAX_AGE = { maxAge: FLOW_LIFETIME_MS / 1000 };
const attributesFor = (request: FastifyRequest): CookieSerializeOptions => (isFramed(request) ? FRAMED_COOKIE : COOKIE);

/** The secret that ties a flow to a browser: 32 bytes in base64url. The database has only its hash. */
export interface FlowSecret {
  readonly value: string;
  readonly hash: Buffer;
}

const secretOf = (value: string): FlowSecret => ({ value, hash: createHash('sha256').update(value).digest() });

/** Makes a secret and gives it to the browser, in a cookie of its own for each flow, so that two tabs don't interfere. */
export function giveSecret(reply: FastifyReply, flowId: string): FlowSecret {
  const secret = secretOf(randomBytes(32).toString('base64url'));
  const attributes = attributesFor(reply.request);
  const others = Object.keys(reply.request.cookies).filter(isFlowCookie);
  // Browsers send the oldest first (RFC 6265, 5.4).
  const surplus = Math.max(0, others.length - MAX_COOKIES + 1);
  for (const name of others.slice(0, surplus)) reply.clearCookie(name, attributes);
  reply.setCookie(PREFIX + flowId, secret.value, { ...attributes, ...MAX_AGE });
  return secret;
}

/** @returns the secret of a flow that the browser sent, unchecked; undefined if it sent none */
export function sentSecret({ cookies }: FastifyRequest, flowId: string): FlowSecret | undefined {
  const value = ID.test(flowId) ? cookies[PREFIX + flowId] : undefined;
  return value === undefined ? undefined : secretOf(value);
}

export const isSecret = (secret: FlowSecret, hash: Buffer): boolean => timingSafeEqual(secret.hash, hash);
