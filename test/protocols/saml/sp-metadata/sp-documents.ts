import { beforeAll } from 'vitest';
import { makeSigningKey } from '../../../support/saml/saml.ts';

/** Builds SP metadata from parts. */

export const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
export const ARTIFACT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact';

export const acs = (location = 'https://sp.example/acs', more = 'index="0"', binding = POST) =>
  `<md:AssertionConsumerService Binding="${binding}" Location="${location}" ${more}/>`;
export const key = (certificate: string, use = '', inside = '') =>
  `<md:KeyDescriptor ${use && `use="${use}"`}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${inside}</md:KeyDescriptor>`;
export const entity = (inside: string, attributes = 'entityID="https://sp.example/metadata"') =>
  `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${inside}</md:EntityDescriptor>`;
export const PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"';
export const sp = (inside: string, attributes = '') =>
  `<md:SPSSODescriptor ${PROTOCOL} ${attributes}>${inside}</md:SPSSODescriptor>`;
export const group = (inside: string, attributes = '') =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${inside}</md:EntitiesDescriptor>`;
export const metadata = (inside = acs(), attributes = '') => entity(sp(inside, attributes));

/** Certificates with elliptic curve keys, DER in base64; made before the tests of a file. */
export function useCertificates(): { readonly first: string; readonly second: string } {
  const made = { first: '', second: '' };
  beforeAll(async () => {
    const keys = await Promise.all([makeSigningKey('EC-P256'), makeSigningKey('EC-P256')]);
    [made.first, made.second] = keys.map(({ signer }) => signer.certificate) as [string, string];
  });
  return made;
}
