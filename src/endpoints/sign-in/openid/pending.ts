import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import type { MasterKey } from '../../../core/secrets/master-key.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { COOKIE } from '../../session-cookie.ts';
import type { Waiting } from '../waiting.ts';

/** A sign-in that is under way at the provider: what the answer is held against, and what waits for it. */
const pendingSchema = z.object({
  issuer: z.string(),
  clientId: z.string(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  prompt: z.enum(['login', 'none']).optional(),
  /** Whether the person must prove now who they are: ForceAuthn. */
  fresh: z.boolean(),
  waiting: z.record(z.string(), z.string()),
  /** Milliseconds since 1970. */
  startedAt: z.number(),
});
export type Pending = z.output<typeof pendingSchema>;

/** Long enough to find a phone, and as long as a sign-on waits. */
const LIFETIME_MS = 15 * 60_000;
/** A browser keeps the cookies of this many sign-ins, for several tabs. */
const MOST = 5;
/** Many times what one needs. All of them together must fit into what servers take as headers. */
const MAX_COOKIE = 1_500;
const PREFIX = '__Host-openid-';
const STATE = /^[\w-]{43}$/;
const NAME = /^__Host-openid-[\w-]{12}$/;

const random = () => randomBytes(32).toString('base64url');
/** Each sign-in has a cookie of its own, found by the state that comes back. */
const nameOf = (state: string) => PREFIX + state.slice(0, 12);
const contextOf = ({ id }: Biller) => `sign-in at the provider of biller ${id}`;

/** @returns a new sign-in, with secrets of 256 random bits each */
export const newPending = (
  { issuer, clientId }: { readonly issuer: string; readonly clientId: string },
  rest: Pick<Pending, 'prompt' | 'fresh' | 'startedAt'> & { readonly waiting: Waiting },
): Pending => ({
  issuer,
  clientId,
  state: random(),
  nonce: random(),
  codeVerifier: random(),
  ...rest,
  waiting: { ...rest.waiting },
});

/**
 * Gives the sign-in to the browser, sealed: it comes back to the browser that began it or to none, on whichever instance, and
 * a stranger who begins thousands stores nothing here.
 *
 * @throws IdpError parameter_invalid if what waits is too long
 */
export function keepPending(reply: FastifyReply, masterKey: MasterKey, biller: Biller, pending: Pending): void {
  const value = masterKey.seal(Buffer.from(JSON.stringify(pending)), contextOf(biller)).toString('base64url');
  if (value.length > MAX_COOKIE)
    throw new IdpError('parameter_invalid', { detail: 'what waits for the sign-in is too long' });
  const others = Object.keys(reply.request.cookies).filter((name) => NAME.test(name));
  for (const name of others.slice(0, Math.max(0, others.length - MOST + 1))) reply.clearCookie(name, COOKIE);
  reply.setCookie(nameOf(pending.state), value, { ...COOKIE, maxAge: LIFETIME_MS / 1000 });
}

/**
 * Takes the sign-in that the browser comes back from. It is over with that, whatever came of it.
 *
 * @param state as it came
 * @param now milliseconds since 1970
 * @throws IdpError flow_unknown if this browser began none with this state at this biller, or too long ago
 */
export function takePending(
  request: FastifyRequest,
  reply: FastifyReply,
  { masterKey, biller, state, now }: { masterKey: MasterKey; biller: Biller; state: string | undefined; now: number },
): Pending {
  const unknown = (detail: string) =>
    new IdpError('flow_unknown', { detail: `the sign-in at the provider: ${detail}` });
  if (state === undefined || !STATE.test(state)) throw unknown('the state is missing or malformed');
  const name = nameOf(state);
  const value = request.cookies[name];
  if (value === undefined) throw unknown('the browser has no cookie of it');
  reply.clearCookie(name, COOKIE);
  let pending: Pending;
  try {
    const opened = masterKey.unseal(Buffer.from(value, 'base64url'), contextOf(biller)).toString('utf8');
    pending = pendingSchema.parse(JSON.parse(opened));
  } catch {
    throw unknown('the cookie is not one of ours, or of another biller');
  }
  if (pending.state !== state) throw unknown('the state is another one');
  if (now - pending.startedAt >= LIFETIME_MS) throw unknown('it began too long ago');
  const { oidcIssuer, oidcClientId } = biller.settings;
  if (pending.issuer !== oidcIssuer || pending.clientId !== oidcClientId) {
    throw unknown('the biller has another provider since');
  }
  return pending;
}
