import { verify, X509Certificate } from 'node:crypto';
import { IdpError } from '../errors/idp-error.ts';

/** How a Service Provider may sign its requests (RFC 9231, 2.3.2 and 2.3.6): SHA-256 or better, RSA or ECDSA. */
export interface RequestSignatureAlgorithm {
  readonly keyType: 'rsa' | 'ec';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
export const REQUEST_SIGNATURE_ALGORITHMS: ReadonlyMap<string, RequestSignatureAlgorithm> = new Map([
  [`${MORE}rsa-sha256`, { keyType: 'rsa', hash: 'sha256' }],
  [`${MORE}rsa-sha384`, { keyType: 'rsa', hash: 'sha384' }],
  [`${MORE}rsa-sha512`, { keyType: 'rsa', hash: 'sha512' }],
  [`${MORE}ecdsa-sha256`, { keyType: 'ec', hash: 'sha256' }],
  [`${MORE}ecdsa-sha384`, { keyType: 'ec', hash: 'sha384' }],
  [`${MORE}ecdsa-sha512`, { keyType: 'ec', hash: 'sha512' }],
]);

const MIN_RSA_BITS = 2048;

export function invalidSignature(expected: string, found: string): IdpError {
  return new IdpError('signature_invalid', {
    detail: `Signature: expected ${expected}; found ${found}`,
    mismatch: { what: 'Signature', expected, found },
  });
}

/** @throws IdpError signature_algorithm_refused naming what came and what is accepted */
export function requireAlgorithm(uri: string | null | undefined): RequestSignatureAlgorithm {
  const algorithm = REQUEST_SIGNATURE_ALGORITHMS.get(uri ?? '');
  if (algorithm !== undefined) return algorithm;
  const expected = 'RSA or ECDSA with SHA-256, SHA-384 or SHA-512';
  const weak = /sha1$/i.test(uri ?? '')
    ? ', whose SHA-1 can be forged: have the Service Provider sign with SHA-256'
    : '';
  const found = `"${(uri ?? '').slice(0, 200)}"${weak}`;
  throw new IdpError('signature_algorithm_refused', {
    detail: `Signature algorithm: expected ${expected}; found ${found}`,
    mismatch: { what: 'Signature algorithm', expected, found },
  });
}

/** @param certificates DER in base64 @throws IdpError signature_invalid where none is registered */
export function requireCertificates(certificates: readonly string[]): X509Certificate[] {
  if (certificates.length === 0) {
    throw invalidSignature('one by a registered certificate', 'a signed request, and no certificate is registered');
  }
  return certificates.map((certificate) => new X509Certificate(Buffer.from(certificate, 'base64')));
}

/** Says whether the key of a certificate is one that the algorithm is made for: never one kind of key for another. */
export function fits({ publicKey }: X509Certificate, { keyType }: RequestSignatureAlgorithm): boolean {
  if (publicKey.asymmetricKeyType !== keyType) return false;
  return keyType === 'ec' || (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}

/** @param signature as it travels: PKCS#1 v1.5 for RSA, r||s for ECDSA (XML Signature 1.1, 6.4.3) */
export function verifies(
  bytes: Uint8Array,
  signature: Uint8Array,
  certificate: X509Certificate,
  algorithm: RequestSignatureAlgorithm,
): boolean {
  if (!fits(certificate, algorithm)) return false;
  const key = { key: certificate.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  return verify(algorithm.hash, bytes, key, signature);
}
