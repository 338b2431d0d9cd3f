import { createPrivateKey } from 'node:crypto';
import { selfSignedCertificate } from '../../../src/core/keys/certificates/certificate.ts';
import { type KeyPair, type KeyType, makeKeyPair } from '../../../src/core/keys/key-types.ts';
import { createMemorySigner } from '../../../src/core/keys/memory-signer.ts';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS } from '../../../src/protocols/saml/names.ts';
import type { Signer } from '../../../src/protocols/saml/signatures/signer.ts';
import type { AssertionContent } from '../../../src/protocols/saml/writing/assertion.ts';
import { newSamlId } from '../../../src/protocols/saml/writing/id.ts';
import { type IdpMetadataContent, writeIdpMetadata } from '../../../src/protocols/saml/writing/metadata.ts';

/** A biller's signing key as both sides of the signature need it. */
export interface SigningKey {
  readonly keyPair: KeyPair;
  readonly signer: Signer;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export const ISSUER = 'https://sso.example.com/saml/riverton-water/metadata';
export const SSO = 'https://sso.example.com/saml/riverton-water/sso';
export const ACS = 'https://sso.invoicecloud.example/saml/acs?biller=riverton&v=2';
export const AUDIENCE = 'https://sso.invoicecloud.example/saml';
const PASSWORD_PROTECTED_TRANSPORT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';

/** Text that has broken XML writers and canonicalizers before. */
export const HOSTILE = [
  '&',
  '<',
  '>',
  '"',
  "'",
  '&amp;',
  '&#13;',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '  leading and trailing  ',
  ']]>',
  '<![CDATA[x]]>',
  '<!-- comment -->',
  '<?pi?>',
  '</saml:Assertion>',
  '{Issuer}',
  '$& $1 $$',
  '%3C',
  'e\u0301\u0323',
  'é',
  '\u0085',
  '\u2028',
  '\u200F\u202E\u05E9\u05DC\u05D5\u05DD',
  'مرحبا',
  '😀👩‍👩‍👧',
  '\u{10FFFF}',
  '\u{1D11E}',
  '\uFFFD',
  '\uFEFF',
  '\u007F\u009F',
  'x'.repeat(4096),
  '&<>"\r'.repeat(800),
] as const;

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

/** A plain assertion, issued now by default. */
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

/** IdP metadata as a biller publishes it. */
export function idpMetadata(overrides: Partial<IdpMetadataContent>, signer?: Signer): Promise<string> {
  return writeIdpMetadata(
    {
      entityId: ISSUER,
      ssoUrl: SSO,
      certificates: [],
      nameIdFormats: Object.values(NAME_ID_FORMATS),
      organizationName: 'Riverton Water & Sewer “Ünïcode” 水',
      organizationUrl: 'https://portal.riverton.example/?a=1&b=2',
      wantAuthnRequestsSigned: false,
      validUntil: Date.UTC(2099, 0, 1),
      ...overrides,
    },
    signer,
  );
}

/** The assertion in a Response that we wrote. */
export function cutAssertion(response: string): string {
  const end = '</saml:Assertion>';
  return response.slice(response.indexOf('<saml:Assertion '), response.indexOf(end) + end.length);
}
