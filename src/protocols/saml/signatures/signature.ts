import { hash } from 'node:crypto';
import { ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SHA256, XMLDSIG } from '../names.ts';
import { SIGNATURE_ALGORITHM_URIS } from './algorithms.ts';
import type { SignatureAlgorithm, Signer } from './signer.ts';

/**
 * SignedInfo in its two forms: as the apex of canonicalization (with its namespace declaration), which is what gets
 * signed, and as written in the document, where ds:Signature carries the declaration.
 */
const SIGNED_INFO_APEX = `<ds:SignedInfo xmlns:ds="${XMLDSIG}">`;
const SIGNATURE_START = `<ds:Signature xmlns:ds="${XMLDSIG}"><ds:SignedInfo>`;

const beforeReference = (algorithm: SignatureAlgorithm): string =>
  `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>` +
  `<ds:SignatureMethod Algorithm="${SIGNATURE_ALGORITHM_URIS[algorithm]}"></ds:SignatureMethod><ds:Reference URI="#`;
const BEFORE_REFERENCE: Readonly<Record<SignatureAlgorithm, string>> = {
  'rsa-sha256': beforeReference('rsa-sha256'),
  'ecdsa-sha256': beforeReference('ecdsa-sha256'),
};
const BEFORE_DIGEST =
  `"><ds:Transforms><ds:Transform Algorithm="${ENVELOPED_SIGNATURE}"></ds:Transform>` +
  `<ds:Transform Algorithm="${EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>` +
  `<ds:DigestMethod Algorithm="${SHA256}"></ds:DigestMethod><ds:DigestValue>`;
const AFTER_DIGEST = '</ds:DigestValue></ds:Reference></ds:SignedInfo>';

/** A signature missing only its value: the bytes to sign, and the text around the value. */
export interface PendingSignature {
  readonly bytesToSign: Buffer;
  /** @param value the raw signature  @returns the ds:Signature element, canonical */
  complete(value: Uint8Array): string;
}

/**
 * Prepares an enveloped signature over an element (SAML core, 5.4: one Reference to the parent's ID; the enveloped and
 * exclusive C14N transforms only).
 *
 * @param canonical the whole element without its signature, in exclusive canonical form
 * @param id the element's ID: an NCName, so it needs no escaping
 */
export function prepareSignature(
  canonical: string,
  id: string,
  signer: Pick<Signer, 'algorithm' | 'certificate'>,
): PendingSignature {
  const rest =
    BEFORE_REFERENCE[signer.algorithm] + id + BEFORE_DIGEST + hash('sha256', canonical, 'base64') + AFTER_DIGEST;
  return {
    bytesToSign: Buffer.from(SIGNED_INFO_APEX + rest),
    complete: (value) =>
      `${SIGNATURE_START}${rest}<ds:SignatureValue>${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}</ds:SignatureValue>` +
      `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${signer.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`,
  };
}

/** Signs an element with the signer's algorithm: see prepareSignature. @returns the ds:Signature element */
export async function signElement(canonical: string, id: string, signer: Signer): Promise<string> {
  const pending = prepareSignature(canonical, id, signer);
  return pending.complete(await signer.sign(pending.bytesToSign));
}
