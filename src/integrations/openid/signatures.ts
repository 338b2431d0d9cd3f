import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { boundedFetch } from './bounded-fetch.ts';

/** Signatures by keys that only the provider has: never `none`, never one that our client secret could make. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const TIMEOUT_MS = 10_000;
/** A token with an unknown key makes us fetch the keys again, because they may have been rotated; but not more often. */
const COOLDOWN_MS = 5_000;
const MAX_AGE_MS = 10 * 60_000;

/** Verifies tokens of one provider. */
export interface TokenVerifier {
  /** @returns the claims @throws IdpError provider_answer_refused, provider_unavailable, provider_misconfigured */
  verify(token: string, expected: JWTVerifyOptions, what: string): Promise<JWTPayload>;
  /** Fetches the keys now. @throws IdpError provider_unavailable */
  reload(): Promise<void>;
}

function errorOf(error: unknown, what: string): IdpError {
  const { message, code } = error as errors.JOSEError;
  if (error instanceof errors.JWKSTimeout) {
    return new IdpError('provider_unavailable', { detail: `${what}: the keys did not come in time`, cause: error });
  }
  if (error instanceof errors.JWKSInvalid || code === 'ERR_JOSE_GENERIC') {
    return new IdpError('provider_unavailable', { detail: `${what}: the keys can’t be had: ${message}`, cause: error });
  }
  if (error instanceof errors.JOSEError) {
    return new IdpError('provider_answer_refused', { detail: `${what}: ${message}`, cause: error });
  }
  const { cause } = error as Error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
  return new IdpError('provider_unavailable', { detail: `${what}: the keys can’t be had: ${reason}`, cause: error });
}

/** @param jwksUri where the provider publishes its keys */
export function createTokenVerifier(jwksUri: string): TokenVerifier {
  const keys = createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    [customFetch]: boundedFetch as typeof fetch,
  });

  /** Without a key ID, several keys may fit (RFC 7515, 6). */
  async function tryAll(error: errors.JWKSMultipleMatchingKeys, token: string, options: JWTVerifyOptions) {
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  return {
    reload: () =>
      keys.reload().catch((error: unknown) => {
        throw errorOf(error, 'the keys of the provider');
      }),
    async verify(token, expected, what) {
      const options = { ...expected, algorithms: ALGORITHMS };
      try {
        return (await jwtVerify(token, keys, options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw errorOf(error, what);
        return tryAll(error, token, options).catch((failure: unknown) => {
          throw errorOf(failure, what);
        });
      }
    },
  };
}
