import type { SignatureAlgorithm } from './signer.ts';

/** Identifiers of the signature algorithms (RFC 9231, 2.3.2 and 2.3.6). */
export const SIGNATURE_ALGORITHM_URIS: Readonly<Record<SignatureAlgorithm, string>> = {
  'rsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'ecdsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
};
