import { X509Certificate } from 'node:crypto';
import type { KeyEncryptionAlgorithm } from 'xml-encryption';
import { ASSERTION } from '../names.ts';
import {
  DATA_ENCRYPTION_URIS,
  type DataEncryptionAlgorithm,
  KEY_TRANSPORT_URIS,
  type KeyTransport,
  OAEP_MASK_URIS,
  type OaepDigest,
} from '../signatures/algorithms.ts';

/** How to encrypt an assertion for its Service Provider. */
export interface Encryption {
  /** The Service Provider's certificate, with an RSA key; DER in base64. */
  readonly certificate: string;
  readonly dataAlgorithm: DataEncryptionAlgorithm;
  readonly keyTransport: KeyTransport;
  readonly digest: OaepDigest;
  /** Digest of the mask generation function; SHA-1 with `rsa-oaep-mgf1p`. */
  readonly mask: OaepDigest;
}

/**
 * Encrypts with xml-encryption, using a fresh key and IV each time. @returns an EncryptedData element, not canonical
 */
async function encryptElement(
  element: string,
  { certificate, dataAlgorithm, keyTransport, digest, mask }: Encryption,
): Promise<string> {
  const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
  // The published types lag behind the library: they know only one RSA-OAEP identifier and none of its parameters.
  const options = {
    rsa_pub: parsed.publicKey.export({ type: 'spki', format: 'pem' }),
    pem: parsed.toString(),
    encryptionAlgorithm: DATA_ENCRYPTION_URIS[dataAlgorithm],
    keyEncryptionAlgorithm: KEY_TRANSPORT_URIS[keyTransport] as KeyEncryptionAlgorithm,
    keyEncryptionDigest: digest,
    // With the older identifier the mask is always SHA-1 and must not be named (XML Encryption 1.1, 5.5.2).
    ...(keyTransport === 'rsa-oaep' ? { keyEncryptionMgf: OAEP_MASK_URIS[mask] } : {}),
    disallowEncryptionWithInsecureAlgorithm: true,
  };
  // Imported here, as below, because few billers have their assertions encrypted and the libraries take 15 MB.
  const { encrypt } = await import('xml-encryption');
  return new Promise((resolve, reject) => {
    encrypt(element, options, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

/**
 * Encrypts an assertion (SAML core, 2.3.4 and 6.2). Sign it first.
 *
 * @param assertion the whole element, with all its namespace declarations
 * @returns an EncryptedAssertion element in exclusive canonical form, so that the Response around it can be signed as
 * text
 */
export async function encryptAssertion(assertion: string, encryption: Encryption): Promise<string> {
  const encrypted = await encryptElement(assertion, encryption);
  // The library's white space between elements is insignificant.
  const compact = encrypted.trim().replace(/>\s+</g, '><');
  const { DOMParser } = await import('@xmldom/xmldom');
  const { ExclusiveCanonicalization } = await import('xml-crypto');
  const { documentElement } = new DOMParser().parseFromString(compact, 'text/xml');
  const canonical = new ExclusiveCanonicalization().process(documentElement as unknown as Element, {}).toString();
  return `<saml:EncryptedAssertion xmlns:saml="${ASSERTION}">${canonical}</saml:EncryptedAssertion>`;
}
