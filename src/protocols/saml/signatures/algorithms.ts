import type { SignatureAlgorithm } from './signer.ts';

/** Signature algorithm identifiers (RFC 9231, 2.3.2 and 2.3.6). */
export const SIGNATURE_ALGORITHM_URIS: Readonly<Record<SignatureAlgorithm, string>> = {
  'rsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'ecdsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
};

/** Minimum RSA key length for signing, verifying and encrypting. */
export const MIN_RSA_BITS = 2048;

/** Supported assertion encryption (XML Encryption 1.1, 5.2.4): authenticated modes only. */
export const DATA_ENCRYPTION_ALGORITHMS = ['aes256-gcm', 'aes128-gcm'] as const;
export type DataEncryptionAlgorithm = (typeof DATA_ENCRYPTION_ALGORITHMS)[number];

/** XML Encryption 1.1, 5.2.4. */
export const DATA_ENCRYPTION_URIS = {
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'aes128-gcm': 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
} as const satisfies Record<DataEncryptionAlgorithm, string>;
/**
 * Key transport for the content key (XML Encryption 1.1, 5.5.2): RSA-OAEP under either identifier, the better-known one
 * first.
 */
export const KEY_TRANSPORT_URIS = {
  'rsa-oaep-mgf1p': 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  'rsa-oaep': 'http://www.w3.org/2009/xmlenc11#rsa-oaep',
} as const;
export type KeyTransport = keyof typeof KEY_TRANSPORT_URIS;

/** RSA-OAEP digests (XML Encryption 1.1, 5.5.2). OAEP does not rely on collision resistance, so SHA-1 is safe here. */
export const OAEP_DIGEST_URIS = {
  sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
  sha256: 'http://www.w3.org/2001/04/xmlenc#sha256',
  sha512: 'http://www.w3.org/2001/04/xmlenc#sha512',
} as const;
export type OaepDigest = keyof typeof OAEP_DIGEST_URIS;
/** RSA-OAEP mask generation functions, by digest. Only the newer OAEP identifier allows a choice. */
export const OAEP_MASK_URIS = {
  sha1: 'http://www.w3.org/2009/xmlenc11#mgf1sha1',
  sha256: 'http://www.w3.org/2009/xmlenc11#mgf1sha256',
  sha512: 'http://www.w3.org/2009/xmlenc11#mgf1sha512',
} as const satisfies Record<OaepDigest, string>;
