import { X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { encrypt, type KeyEncryptionAlgorithm } from 'xml-encryption';
import { ASSERTION } from '../names.ts';
import {
  DATA_ENCRYPTION_URIS,
  type DataEncryptionAlgorithm,
  KEY_TRANSPORT_URIS,
  type KeyTransport,
  OAEP_MASK_URIS,
  type OaepDigest,
} from '../signatures/algorithms.ts';

/** How an assertion is encrypted for its Service Provider. */
export interface Encryption {
  /** The Service Provider's, with an RSA key; DER in base64. */
  readonly certificate: string;
  readonly dataAlgorithm: DataEncryptionAlgorithm;
  readonly keyTransport: KeyTransport;
  readonly digest: OaepDigest;
  /** Digest of the mask generation function. SHA-1 with `rsa-oaep-mgf1p`. */
  readonly mask: OaepDigest;
}

/** xml-encryption, with a fresh key and IV each time. @returns an EncryptedData element, not canonical */
function encryptElement(
  element: string,
  { certificate, dataAlgorithm, keyTransport, digest, mask }: Encryption,
): Promise<string> {
  const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
  // Wider than its types, which are of a version that knew only one name of RSA-OAEP and none of its settings.
  const options = {
    rsa_pub: parsed.publicKey.export({ type: 'spki', format: 'pem' }),
    pem: parsed.toString(),
    encryptionAlgorithm: DATA_ENCRYPTION_URIS[dataAlgorithm],
    keyEncryptionAlgorithm: KEY_TRANSPORT_URIS[keyTransport] as KeyEncryptionAlgorithm,
    keyEncryptionDigest: digest,
    // Under the earlier name the mask is by SHA-1, and naming it is not allowed (XML Encryption 1.1, 5.5.2).
    ...(keyTransport === 'rsa-oaep' ? { keyEncryptionMgf: OAEP_MASK_URIS[mask] } : {}),
    disallowEncryptionWithInsecureAlgorithm: true,
  };
  return new Promise((resolve, reject) => {
    encrypt(element, options, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

/**
 * Encrypts an assertion (SAML core, 2.3.4 and 6.2). A signature goes on it before.
 *
 * @param assertion the whole element, with all its namespace declarations
 * @returns an EncryptedAssertion element in exclusive canonical form, so that a Response around it can be signed as text
 */
export async function encryptAssertion(assertion: string, encryption: Encryption): Promise<string> {
  const encrypted = await encryptElement(assertion, encryption);
  // The white space between its elements is the library's layout and says nothing.
  const compact = encrypted.trim().replace(/>\s+</g, '><');
  const { documentElement } = new DOMParser().parseFromString(compact, 'text/xml');
  const canonical = new ExclusiveCanonicalization().process(documentElement as unknown as Element, {}).toString();
  return `<saml:EncryptedAssertion xmlns:saml="${ASSERTION}">${canonical}</saml:EncryptedAssertion>`;
}
