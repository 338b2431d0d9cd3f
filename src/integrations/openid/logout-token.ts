import { decodeProtectedHeader } from 'jose';
import { IdpError } from '../../platform/errors/idp-error.ts';
import type { TokenVerifier } from './signatures.ts';

/** Which sessions a provider ends: one of its own, or all of a person. At least one of the two is there. */
export interface LogoutToken {
  readonly sid: string | undefined;
  readonly sub: string | undefined;
  /** Sessions that began later than this are not meant. */
  readonly issuedAt: Date;
}

/** Logout tokens are for the moment. */
const MAX_AGE_SECONDS = 120;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const WHAT = 'the logout token';

const refused = (detail: string) => new IdpError('provider_answer_refused', { detail: `${WHAT}: ${detail}` });

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * Reads a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6).
 *
 * @throws IdpError provider_answer_refused, provider_unavailable
 */
export async function readLogoutToken(
  tokens: TokenVerifier,
  token: string,
  {
    issuer,
    clientId,
    skewSeconds,
  }: { readonly issuer: string; readonly clientId: string; readonly skewSeconds: number },
): Promise<LogoutToken> {
  const expected = {
    issuer,
    audience: clientId,
    maxTokenAge: MAX_AGE_SECONDS,
    clockTolerance: skewSeconds,
    requiredClaims: ['iat', 'jti', 'events'],
  };
  const claims = await tokens.verify(token, expected, WHAT);
  // An ID token must never end a session, and it has a nonce (2.4).
  const { typ } = decodeProtectedHeader(token);
  if (typ !== undefined && typ.toLowerCase() !== 'logout+jwt' && typ.toUpperCase() !== 'JWT') {
    throw refused('its type is another one');
  }
  if (claims.nonce !== undefined) throw refused('it has a nonce');
  const { events } = claims;
  if (!isObject(events) || !isObject(events[EVENT])) throw refused('it does not say that it is about a logout');
  const [sid, sub] = [claims.sid, claims.sub].map((claim) =>
    typeof claim === 'string' && claim !== '' ? claim : undefined,
  );
  if (sid === undefined && sub === undefined) throw refused('it names neither a session nor a person');
  return { sid, sub, issuedAt: new Date(((claims.iat ?? 0) + skewSeconds) * 1000) };
}
