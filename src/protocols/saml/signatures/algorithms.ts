import type { SignatureAlgorithm } from './signer.ts';

/** Identifiers of the signature algorithms (RFC 9231, 2.3.2 and 2.3.6). */
export const SIGNATURE_ALGORITHM_URIS: Readonly<Record<SignatureAlgorithm, string>> = {
  'rsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'ecdsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
};

/** Nobody's RSA key is taken that is shorter: to sign with, to verify with, to encrypt to. */
export const MIN_RSA_BITS = 2048;

/** How an assertion can be encrypted (XML Encryption 1.1, 5.2.4): authenticated modes only. */
export const DATA_ENCRYPTION_ALGORITHMS = ['aes256-gcm', 'aes128-gcm'] as const;
export type DataEncryptionAlgorithm = (typeof DATA_ENCRYPTION_ALGORITHMS)[number];

/** XML Encryption 1.1, 5.2.4. */
export const DATA_ENCRYPTION_URIS = {
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'aes128-gcm': 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
} as const satisfies Record<DataEncryptionAlgorithm, string>;
/** How a content key is carried (XML Encryption 1.1, 5.5.2): RSA-OAEP under either of its names, the better known first. */
export const KEY_TRANSPORT_URIS = {
  'rsa-oaep-mgf1p': 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  'rsa-oaep': 'http://www.w3.org/2009/xmlenc11#rsa-oaep',
} as const;
export type KeyTransport = keyof typeof KEY_TRANSPORT_URIS;

/** Digests of RSA-OAEP (XML Encryption 1.1, 5.5.2). It does not rest on the collision resistance that SHA-1 has lost. */
export const OAEP_DIGEST_URIS = {
  sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  sha512: 'http://www.w3.org/2001/04/xmlenc#sha512',
} as const;
export type OaepDigest = keyof typeof OAEP_DIGEST_URIS;
/** Its mask generation functions, by their digests; only under the later of its names is there a choice. */
export const OAEP_MASK_URIS = {
  sha1: 'http://www.w3.org/2009/xmlenc11#mgf1sha1',
  sha256: 'http://www.w3.org/2009/xmlenc11#mgf1sha256',
  sha512: 'http://www.w3.org/2009/xmlenc11#mgf1sha512',
} as const satisfies Record<OaepDigest, string>;
