import { IdpError } from '../../../../src/platform/errors/idp-error.ts';
import { XmlError } from '../../../../src/protocols/saml/reading/xml.ts';
import { verifyPostSignature } from '../../../../src/protocols/saml/signatures/verify-post-signature.ts';
import { authnRequest } from '../../../support/saml/authn-request.ts';
import { type SigningKey, SSO } from '../../../support/saml/saml.ts';
import { MORE, reference, signatureTemplate, xmlsecSign } from '../../../support/saml/xmlsec-signer.ts';

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
