import { type DSAEncoding, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { MIN_RSA_BITS } from './algorithms.ts';

/** How a Service Provider may sign its requests (RFC 9231, 2.3.2 and 2.3.6): RSA or ECDSA with SHA-256 or better. */
export interface RequestSignatureAlgorithm {
  readonly keyType: 'rsa' | 'ec';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const ALGORITHMS: ReadonlyMap<string, RequestSignatureAlgorithm> = new Map([
  [`${MORE}rsa-sha256`, { keyType: 'rsa', hash: 'sha256' }],
  [`${MORE}rsa-sha384`, { keyType: 'rsa', hash: 'sha384' }],
  [`${MORE}rsa-sha512`, { keyType: 'rsa', hash: 'sha512' }],
  [`${MORE}ecdsa-sha256`, { keyType: 'ec', hash: 'sha256' }],
  [`${MORE}ecdsa-sha384`, { keyType: 'ec', hash: 'sha384' }],
  [`${MORE}ecdsa-sha512`, { keyType: 'ec', hash: 'sha512' }],
]);

/** Their identifiers, most common first. */
export const REQUEST_SIGNATURE_URIS = [...ALGORITHMS.keys()];

const KEYS = { rsa: `an RSA key of at least ${MIN_RSA_BITS} bits`, ec: 'an elliptic curve key' } as const;

export function invalidSignature(expected: string, found: string, cause?: unknown): IdpError {
  return new IdpError('signature_invalid', {
    detail: `Signature: expected ${expected}; found ${found}`,
    mismatch: { what: 'Signature', expected, found },
    cause,
  });
}

/** @param uri the identifier received, which is not an accepted one */
export function refusedAlgorithm(what: string, expected: string, uri: string | null | undefined): IdpError {
  const weak = /sha1$/i.test(uri ?? '')
    ? ', but SHA-1 signatures can be forged: have the Service Provider sign with SHA-256'
    : '';
  const found = `"${(uri ?? '').slice(0, 200)}"${weak}`;
  return new IdpError('signature_algorithm_refused', {
    detail: `${what}: expected ${expected}; found ${found}`,
    mismatch: { what, expected, found },
  });
}

/** @throws IdpError signature_algorithm_refused naming the algorithm received and those accepted */
export function requireAlgorithm(uri: string | null | undefined): RequestSignatureAlgorithm {
  const algorithm = ALGORITHMS.get(uri ?? '');
  if (algorithm !== undefined) return algorithm;
  throw refusedAlgorithm('Signature algorithm', 'RSA or ECDSA with SHA-256, SHA-384 or SHA-512', uri);
}

/** Tells whether text is strict base64 (RFC 4648, 4): complete, with no characters that lenient decoders would skip. */
export function isBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
}

/** Tells whether any signature by this key is accepted: it is an elliptic curve key, or an RSA key that is long enough. */
export function isKeyToVerifyWith({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  return type === 'ec' || (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS);
}

/** Tells whether the certificate's key is of the algorithm's type. Never try a key with another type's algorithm. */
const fits = ({ publicKey }: X509Certificate, { keyType }: RequestSignatureAlgorithm): boolean =>
  publicKey.asymmetricKeyType === keyType && isKeyToVerifyWith(publicKey);

/**
 * Returns the registered certificates whose keys fit this algorithm.
 *
 * @param certificates DER in base64 @returns one or more @throws IdpError signature_invalid if there is none
 */
export function requireCertificates(
  certificates: readonly string[],
  algorithm: RequestSignatureAlgorithm,
): X509Certificate[] {
  if (certificates.length === 0) {
    throw invalidSignature('one by a registered certificate', 'a signed request, but no certificate is registered');
  }
  const parsed = certificates.map((certificate) => new X509Certificate(Buffer.from(certificate, 'base64')));
  const fitting = parsed.filter((certificate) => fits(certificate, algorithm));
  if (fitting.length > 0) return fitting;
  throw invalidSignature(
    `one by a registered certificate with ${KEYS[algorithm.keyType]}, as the signature algorithm requires`,
    `none of that kind among the ${parsed.length} registered`,
  );
}

/**
 * Tells whether any of the certificates' keys made the signature.
 *
 * @param signature as transmitted: PKCS#1 v1.5 for RSA, r||s for ECDSA (XML Signature 1.1, 6.4.3)
 * @param certificates with keys that fit the algorithm: see requireCertificates
 * @param dsaEncoding of an ECDSA signature, if not r||s
 */
export function verifies(
  bytes: Uint8Array,
  signature: Uint8Array,
  certificates: readonly X509Certificate[],
  { hash }: RequestSignatureAlgorithm,
  dsaEncoding: DSAEncoding = 'ieee-p1363',
): boolean {
  return certificates.some(({ publicKey: key }) => verify(hash, bytes, { key, dsaEncoding }, signature));
}

/** @param certificates all those that fit the algorithm */
export function notByAny(certificates: readonly X509Certificate[], cause?: unknown): IdpError {
  const found = `one that does not verify with ${certificates.length === 1 ? 'the only matching certificate' : `any of the ${certificates.length} matching certificates`}`;
  return invalidSignature('one by a registered certificate', found, cause);
}
