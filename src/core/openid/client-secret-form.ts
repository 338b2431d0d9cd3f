import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { BillerSettings } from '../billers/settings.ts';

/** Why a client secret can't be used, as a clause that follows its name. */
export class ClientSecretError extends Error {
  override readonly name = 'ClientSecretError';
}

const MIN_RSA_BITS = 2048;
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

/** @returns the algorithm that a private key signs with (RFC 7518, 3.1; RFC 8037) @throws ClientSecretError */
export function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === 'ed25519') return 'EdDSA';
  const curve = CURVES[details?.namedCurve ?? ''];
  if (type === 'ec' && curve !== undefined) return curve;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return 'RS256';
  throw new ClientSecretError(
    `must be an RSA key of at least ${MIN_RSA_BITS} bits, or a key on the curve P-256, P-384, P-521 or Ed25519`,
  );
}

function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const isEncrypted = pem.includes('ENCRYPTED');
    const found = isEncrypted ? 'it is encrypted with a passphrase' : 'it can’t be read';
    // The cause may quote the key.
    throw new ClientSecretError(`must be a private key in PEM: ${found}`, isEncrypted ? {} : { cause: error });
  }
}

/**
 * Brings a client secret into the form that is stored: a private key as PKCS#8 in PEM, anything else without the line break
 * at its end.
 *
 * @throws ClientSecretError if it can't be used with this way of authentication
 */
export function normalClientSecret(method: BillerSettings['oidcClientAuth'], given: string): string {
  const secret = given.trim();
  if (secret === '') throw new ClientSecretError('is empty');
  if (method === 'private_key_jwt') {
    const key = readPrivateKey(secret);
    algorithmOf(key);
    return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  }
  if (secret.startsWith('-----BEGIN')) {
    throw new ClientSecretError('is a key or a certificate; it is used with the client authentication private_key_jwt');
  }
  // RFC 6749, A.2.
  if (!/^[\x20-\x7e]{1,1000}$/.test(secret)) {
    throw new ClientSecretError('must be one line of at most 1,000 printable ASCII characters');
  }
  return secret;
}
