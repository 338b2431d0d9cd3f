import { beforeAll, describe, expect, test } from 'vitest';
import { NAME_ID_FORMATS, STATUS_CODES, type StatusCode } from '../../src/protocols/saml/names.ts';
import type { AssertionContent } from '../../src/protocols/saml/writing/assertion.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import {
  makeErrorResponse,
  makeResponse,
  SIGN_CHOICES,
  type Status,
} from '../../src/protocols/saml/writing/response.ts';
import {
  ACS,
  assertionContent,
  HOSTILE,
  ISSUER,
  idpMetadata,
  makeSigningKey,
  type SigningKey,
} from '../support/saml/saml.ts';
import { schemaErrors } from '../support/saml/xml-tools.ts';

let rsa: SigningKey;
let ec: SigningKey;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([makeSigningKey('RSA-2048'), makeSigningKey('EC-P256')]);
});

const attribute = { name: 'Accounts', nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri' };
const CONTENTS: readonly [string, Partial<AssertionContent>][] = [
  ['plain', {}],
  ['unsolicited', { inResponseTo: undefined }],
  ['without claims', { attributes: [] }],
  [
    'with a multi-valued claim that has a friendly name',
    { attributes: [{ ...attribute, friendlyName: 'A', values: ['1', '2'] }] },
  ],
  [
    'with a persistent NameID',
    { nameIdFormat: NAME_ID_FORMATS.persistent, nameQualifier: ISSUER, spNameQualifier: 'urn:sp' },
  ],
  ['with hostile values', { nameId: HOSTILE.join(''), attributes: [{ ...attribute, values: HOSTILE }] }],
];

describe.each(CONTENTS)('a Response %s', (_what, content) => {
  test.each(SIGN_CHOICES)(
    'signed %s, is valid',
    { meta: { holds: ['IDP-034'], source: 'SAML protocol and assertion schemas 2.0' } },
    async (signed) => {
      for (const { signer } of [rsa, ec]) {
        const xml = await makeResponse(newSamlId(), assertionContent(content), signed, signer);
        expect(schemaErrors(xml, 'protocol')).toBe('');
      }
    },
  );
});

/** Every status that can be sent: a top-level one alone, and each of the others below one. */
const TOP = ['Requester', 'Responder', 'VersionMismatch'] as const;
const BENEATH = (Object.keys(STATUS_CODES) as StatusCode[]).filter(
  (code) => code !== 'Success' && !/er$|sion/.test(code),
);
const STATUSES: Status[] = [
  ...TOP.map((code): Status => ({ codes: [code] })),
  ...BENEATH.map((code): Status => ({ codes: ['Responder', code], message: 'Why & <how>' })),
];

test('every error Response is valid, and has no assertion', {
  meta: { holds: ['IDP-033', 'IDP-034'], source: 'SAML protocol schema 2.0' },
}, async () => {
  for (const [index, status] of STATUSES.entries()) {
    const inResponseTo = index % 2 === 0 ? '_request-1' : undefined;
    const content = { id: newSamlId(), issuer: ISSUER, issueInstant: Date.now(), destination: ACS, inResponseTo };
    const xml = await makeErrorResponse(content, status, SIGN_CHOICES[index % 3] ?? 'both', rsa.signer);
    expect(schemaErrors(xml, 'protocol')).toBe('');
    expect(xml).not.toContain('Assertion');
  }
});

test.each([
  ['with one certificate', (): string[] => [rsa.signer.certificate], {}],
  ['with three certificates', (): string[] => [rsa, ec, rsa].map(({ signer }) => signer.certificate), {}],
  ['wanting signed requests', (): string[] => [ec.signer.certificate], { wantAuthnRequestsSigned: true }],
  ['with one NameIDFormat', (): string[] => [rsa.signer.certificate], { nameIdFormats: [NAME_ID_FORMATS.transient] }],
  ['with a hostile name', (): string[] => [rsa.signer.certificate], { organizationName: HOSTILE.join('') }],
])(
  'IdP metadata %s is valid, signed or not',
  { meta: { holds: ['IDP-073'], source: 'SAML metadata schema 2.0' } },
  async (_what, certificates, overrides) => {
    const content = { certificates: certificates(), ...overrides };
    expect(schemaErrors(await idpMetadata(content), 'metadata')).toBe('');
    expect(schemaErrors(await idpMetadata(content, rsa.signer), 'metadata')).toBe('');
    expect(schemaErrors(await idpMetadata(content, ec.signer), 'metadata')).toBe('');
  },
);

test('schema violations are found', async () => {
  const xml = await makeResponse(newSamlId(), assertionContent(), 'both', rsa.signer);
  expect(
    schemaErrors(xml.replace('<saml:Subject>', '<saml:Conditions></saml:Conditions><saml:Subject>'), 'protocol'),
  ).toMatch(/Subject': This element is not expected/);
  expect(schemaErrors(xml.replace(/ ID="_/, ' ID="0'), 'protocol')).toMatch(
    /not a valid value of the atomic type 'xs:ID'/,
  );
  expect(schemaErrors(xml.replace(/<ds:DigestValue>.*?<.ds:DigestValue>/, ''), 'protocol')).toMatch(/DigestValue/);
  const metadata = await idpMetadata({ certificates: [rsa.signer.certificate] });
  expect(schemaErrors(metadata.replace('xml:lang="en"', ''), 'metadata')).toMatch(/OrganizationName.*required/);
  expect(schemaErrors(metadata.replace(' Algorithm="', ' Algorithms="'), 'metadata')).toMatch(
    /DigestMethod.*Algorithms/,
  );
});
