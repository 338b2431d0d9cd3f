import { IdpError } from '../../../../src/platform/errors/idp-error.ts';
import { XmlError } from '../../../../src/protocols/saml/reading/xml.ts';
import { verifyPostSignature } from '../../../../src/protocols/saml/signatures/verify-post-signature.ts';
import { authnRequest } from '../../../support/saml/authn-request.ts';
import { type SigningKey, SSO } from '../../../support/saml/saml.ts';
import { MORE, opensslKey, reference, signatureTemplate, xmlsecSign } from '../../../support/saml/xmlsec-signer.ts';

/** The document to sign. Its ID is `_good`. */
export const unsigned = authnRequest({
  attributes: { ID: '_good', Destination: SSO, AssertionConsumerServiceURL: 'https://sp.example/acs' },
  inside: '<samlp:NameIDPolicy AllowCreate="true"/>',
});

/** Inserts a document right after another one's Issuer, where a Signature belongs. */
export const afterIssuer = (outer: string, inner: string) =>
  outer.replace('</saml:Issuer>', () => `</saml:Issuer>${inner}`);

/** Fills in a Signature with xmlsec1: see signatureTemplate. */
export function sign(key: SigningKey, template: string, xml = unsigned): string {
  const signed = xmlsecSign(afterIssuer(xml, template), key);
  // xmlsec1 writes an XML declaration and a line break at the end.
  return signed.slice(signed.indexOf('\n') + 1).trim();
}

/** The usual request with the usual signature, by a key of any type. */
export function signedBy(key: SigningKey): string {
  const method = `${MORE}${key.signer.algorithm === 'rsa-sha256' ? 'rsa' : 'ecdsa'}-sha256`;
  return sign(key, signatureTemplate(reference('#_good'), { method }));
}

export const certificatesOf = (...keys: readonly SigningKey[]) => keys.map(({ signer }) => signer.certificate);

/** @returns the refusal with its detail, or `accepted` */
export function refusalOf(xml: string, certificates: readonly string[]): string {
  try {
    verifyPostSignature(xml, certificates);
  } catch (error) {
    if (error instanceof IdpError || error instanceof XmlError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** A key on this elliptic curve. */
export const curve = (name: string) => opensslKey('ec', '-pkeyopt', `ec_paramgen_curve:${name}`);

/** Keys of every kind that can sign a request. */
export const keysOfEveryKind = () => ({
  rsa: opensslKey('rsa:2048'),
  other: opensslKey('rsa:3072'),
  'P-256': curve('P-256'),
  'P-384': curve('P-384'),
  'P-521': curve('P-521'),
});

/** What is not strict base64 (RFC 4648, 3). */
export const NOT_BASE64: [what: string, value: string][] = [
  ['nothing', ''],
  ['a character outside the alphabet', 'QUJ!'],
  ['base64url', '-_-_'],
  ['no padding', 'QUI'],
  ['padding in the middle', 'QQ==QUJD'],
  ['nonzero trailing bits', 'QUJ='],
];
