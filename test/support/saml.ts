import { createPrivateKey } from 'node:crypto';
import { selfSignedCertificate } from '../../src/keys/certificate.ts';
import { type KeyPair, type KeyType, makeKeyPair } from '../../src/keys/key-types.ts';
import { createMemorySigner } from '../../src/keys/memory-signer.ts';
import type { AssertionContent } from '../../src/saml/assertion.ts';
import { newSamlId } from '../../src/saml/id.ts';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS } from '../../src/saml/names.ts';
import type { Signer } from '../../src/saml/signer.ts';

/** A biller's signing key as both sides of the signature need it. */
export interface SigningKey {
  readonly keyPair: KeyPair;
  readonly signer: Signer;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export const ISSUER = 'https://sso.example.com/saml/riverton-water/metadata';
export const ACS = 'https://sso.invoicecloud.example/saml/acs?biller=riverton&v=2';
export const AUDIENCE = 'https://sso.invoicecloud.example/saml';
export const PASSWORD_PROTECTED_TRANSPORT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

/** DER in base64 as PEM. */
export function toPem(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** Makes a key pair with its certificate, and a signer over it. */
export async function makeSigningKey(type: KeyType, now = Date.now()): Promise<SigningKey> {
  const keyPair = await makeKeyPair(type);
  const certificate = await selfSignedCertificate({
    billerName: 'Riverton Water',
    entityId: ISSUER,
    keyPair,
    now,
  });
  const privateKeyPem = keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    keyPair,
    signer: createMemorySigner(createPrivateKey(privateKeyPem), certificate),
    certificatePem: toPem(certificate),
    privateKeyPem,
  };
}

/** A plain assertion, made now unless told otherwise. */
export function assertionContent(overrides: Partial<AssertionContent> = {}): AssertionContent {
  const now = overrides.issueInstant ?? Date.now();
  const nameFormat = ATTRIBUTE_NAME_FORMATS.basic;
  return {
    id: newSamlId(),
    issuer: ISSUER,
    issueInstant: now,
    nameId: 'pat@example.com',
    nameIdFormat: NAME_ID_FORMATS.emailAddress,
    recipient: ACS,
    inResponseTo: '_request-1',
    notBefore: now - 60_000,
    notOnOrAfter: now + 300_000,
    audience: AUDIENCE,
    authnInstant: now - 20_000,
    sessionIndex: newSamlId(),
    authnContextClassRef: PASSWORD_PROTECTED_TRANSPORT,
    attributes: [
      { name: 'Email', nameFormat, values: ['pat@example.com'] },
      { name: 'LoginType', nameFormat, values: ['5'] },
      { name: 'AccountNumber', nameFormat, values: ['101Invoice'] },
    ],
    ...overrides,
  };
}

/** The assertion as it stands in a Response that we wrote. */
export function cutAssertion(response: string): string {
  const end = '</saml:Assertion>';
  return response.slice(response.indexOf('<saml:Assertion '), response.indexOf(end) + end.length);
}
