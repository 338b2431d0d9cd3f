import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { SignatureAlgorithm } from '../../protocols/saml/signatures/signer.ts';

/** The key types that this service makes. */
export const KEY_TYPES = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'EC-P256'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** Makes a key pair on the thread pool, without blocking the event loop. */
export async function makeKeyPair(type: KeyType): Promise<KeyPair> {
  if (type === 'EC-P256') return generate('ec', { namedCurve: 'P-256' });
  return generate('rsa', { modulusLength: Number(type.slice(4)), publicExponent: 65_537 });
}

/** The signature algorithm for a key: SHA-256 for either key type. */
export function signatureAlgorithmOf(key: KeyObject): SignatureAlgorithm {
  return key.asymmetricKeyType === 'ec' ? 'ecdsa-sha256' : 'rsa-sha256';
}

/** A name for the type of an imported key, e.g. RSA-2048 or EC-P256. */
export function keyTypeOf(key: KeyObject): string {
  return key.asymmetricKeyType === 'ec' ? 'EC-P256' : `RSA-${key.asymmetricKeyDetails?.modulusLength}`;
}
