import { createSign, randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';
import { TEST_SP } from '../installation.ts';
import type { SigningKey } from './saml.ts';

const NAMESPACES =
  'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

/** The parts of an AuthnRequest. Attributes that are null are left out. */
export interface RequestParts {
  readonly attributes?: Readonly<Record<string, string | null>>;
  readonly issuer?: string | null;
  /** XML after the Issuer. */
  readonly inside?: string;
}

const newRequestId = () => `_${randomBytes(16).toString('hex')}`;

/** Writes an AuthnRequest that is acceptable but for what the parts say. */
export function authnRequest({ attributes = {}, issuer = TEST_SP, inside = '' }: RequestParts = {}): string {
  const all = { ID: newRequestId(), Version: '2.0', IssueInstant: new Date().toISOString(), ...attributes };
  const written = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [` ${name}="${value}"`]));
  const named = issuer === null ? '' : `<saml:Issuer>${issuer}</saml:Issuer>`;
  return `<samlp:AuthnRequest ${NAMESPACES}${written.join('')}>${named}${inside}</samlp:AuthnRequest>`;
}

/** @returns the query of the HTTP-Redirect binding (SAML bindings, 3.4.4.1) */
export function redirectQuery(xml: string, relayState?: string): string {
  const request = `SAMLRequest=${encodeURIComponent(deflateRawSync(xml).toString('base64'))}`;
  return relayState === undefined ? request : `${request}&RelayState=${encodeURIComponent(relayState)}`;
}

/** Signs a query as the binding wants it: SAMLRequest, RelayState, SigAlg, in this order and as they are encoded. */
export function signedQuery(query: string, key: SigningKey, algorithm = RSA_SHA256): string {
  const signed = `${query}&SigAlg=${encodeURIComponent(algorithm)}`;
  const name = algorithm.endsWith('sha1') ? 'sha1' : algorithm.endsWith('sha512') ? 'sha512' : 'sha256';
  const value = createSign(name).update(signed).sign({ key: key.privateKeyPem, dsaEncoding: 'ieee-p1363' }, 'base64');
  return `${signed}&Signature=${encodeURIComponent(value)}`;
}

/** Signs a message inside, with xml-crypto, as a Service Provider does for the HTTP-POST binding. */
export function signedMessage(xml: string, key: SigningKey, algorithm = RSA_SHA256): string {
  const signer = new SignedXml({
    privateKey: key.privateKeyPem,
    publicCert: key.certificatePem,
    signatureAlgorithm: algorithm as NonNullable<SignedXml['signatureAlgorithm']>,
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  });
  signer.addReference({
    xpath: '/*',
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
    digestAlgorithm: algorithm.endsWith('sha1')
      ? 'http://www.w3.org/2000/09/xmldsig#sha1'
      : 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  signer.computeSignature(xml, {
    location: { reference: "/*/*[local-name()='Issuer']", action: 'after' },
    prefix: 'ds',
  });
  return signer.getSignedXml();
}

/** @returns the fields of the HTTP-POST binding (SAML bindings, 3.5.4) */
export function postFields(xml: string, relayState?: string): Record<string, string> {
  const SAMLRequest = Buffer.from(xml).toString('base64');
  return relayState === undefined ? { SAMLRequest } : { SAMLRequest, RelayState: relayState };
}
