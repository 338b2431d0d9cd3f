import { X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { ExclusiveCanonicalization } from 'xml-crypto';
import { encrypt, type KeyEncryptionAlgorithm } from 'xml-encryption';
import {
  DATA_ENCRYPTION_URIS,
  type DataEncryptionAlgorithm,
  KEY_TRANSPORT_URIS,
  type KeyTransport,
} from './algorithms.ts';
import { ASSERTION } from './names.ts';

/** How an assertion is encrypted for its Service Provider. */
export interface Encryption {
  /** The Service Provider's, with an RSA key; DER in base64. */
  readonly certificate: string;
  readonly dataAlgorithm: DataEncryptionAlgorithm;
  readonly keyTransport: KeyTransport;
}

/** xml-encryption, with a fresh key and IV each time. @returns an EncryptedData element, not canonical */
function encryptElement(element: string, { certificate, dataAlgorithm, keyTransport }: Encryption): Promise<string> {
  const parsed = new X509Certificate(Buffer.from(certificate, 'base64'));
  return new Promise((resolve, reject) => {
    encrypt(
      element,
      {
        rsa_pub: parsed.publicKey.export({ type: 'spki', format: 'pem' }),
        pem: parsed.toString(),
        encryptionAlgorithm: DATA_ENCRYPTION_URIS[dataAlgorithm],
        // Its digests are SHA-1 where nothing else is said, which every Service Provider reads (XML Encryption 1.1, 5.5.2).
        // OAEP does not rest on the collision resistance that SHA-1 has lost.
        // Its types are of a version that knew but one of the two.
        keyEncryptionAlgorithm: KEY_TRANSPORT_URIS[keyTransport] as KeyEncryptionAlgorithm,
        disallowEncryptionWithInsecureAlgorithm: true,
      },
      (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      },
    );
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
