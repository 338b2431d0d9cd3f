import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuthnRequest, readAuthnRequest } from '../../../../src/protocols/saml/reading/authn-request.ts';
import { thrownBy } from '../../../support/thrown.ts';

const NAMESPACES =
  'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';

/** A request with these attributes and this content. */
const request = (inside = '', attributes = '') =>
  `<samlp:AuthnRequest ${NAMESPACES} ${attributes}>${inside}</samlp:AuthnRequest>`;
const read = (inside = '', attributes = '') => readAuthnRequest(request(inside, attributes));

/** @returns the code of the thrown error */
const refusal = (attempt: () => unknown) => thrownBy(attempt)?.code ?? 'accepted';

const FULL = request(
  `<saml:Issuer Format="urn:f">https://sp.example/metadata</saml:Issuer>
   <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>
   <samlp:Extensions><x:any xmlns:x="urn:x"><saml:Issuer>not this one</saml:Issuer></x:any></samlp:Extensions>
   <saml:Subject><saml:NameID Format="urn:n" NameQualifier="urn:q" SPNameQualifier="urn:s">pat</saml:NameID></saml:Subject>
   <samlp:NameIDPolicy Format="urn:p" SPNameQualifier="urn:sp" AllowCreate="true"/>
   <saml:Conditions NotBefore="2026-03-01T08:30:00Z"/>
   <samlp:RequestedAuthnContext Comparison="minimum">
     <saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>
     <saml:AuthnContextClassRef> urn:b </saml:AuthnContextClassRef>
   </samlp:RequestedAuthnContext>
   <samlp:Scoping ProxyCount="1"/>`,
  `ID="_1" Version="2.0" IssueInstant="2026-03-01T08:30:00Z" Destination="https://idp.example/sso" Consent="urn:c"
   ForceAuthn="1" IsPassive="true" AssertionConsumerServiceURL="https://sp.example/acs?a=1&amp;b=2"
   AssertionConsumerServiceIndex="3" AttributeConsumingServiceIndex="4" ProviderName="SP"
   ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"`,
);

test('every part of an AuthnRequest is read, and unknown parts are ignored', {
  meta: { holds: ['IDP-001', 'IDP-002', 'IDP-009'], source: 'SAML Core 3.4.1' },
}, () => {
  expect(readAuthnRequest(FULL)).toEqual({
    id: '_1',
    version: '2.0',
    issueInstant: '2026-03-01T08:30:00Z',
    destination: 'https://idp.example/sso',
    issuer: 'https://sp.example/metadata',
    issuerFormat: 'urn:f',
    signed: true,
    subject: { nameId: 'pat', format: 'urn:n', nameQualifier: 'urn:q', spNameQualifier: 'urn:s' },
    forceAuthn: true,
    isPassive: true,
    acsUrl: 'https://sp.example/acs?a=1&b=2',
    acsIndex: '3',
    protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
    nameIdPolicy: { format: 'urn:p', spNameQualifier: 'urn:sp' },
    requestedAuthnContext: { comparison: 'minimum', classRefs: ['urn:a', 'urn:b'], declRefs: [] },
  } satisfies AuthnRequest);
});

test('absent parts are undefined, and nothing is invented', {
  meta: { holds: ['IDP-004', 'IDP-010', 'IDP-019', 'IDP-021'], source: 'SAML Core 3.4.1' },
}, () => {
  expect(read()).toEqual({
    id: undefined,
    version: undefined,
    issueInstant: undefined,
    destination: undefined,
    issuer: undefined,
    issuerFormat: undefined,
    signed: false,
    subject: undefined,
    forceAuthn: false,
    isPassive: false,
    acsUrl: undefined,
    acsIndex: undefined,
    protocolBinding: undefined,
    nameIdPolicy: undefined,
    requestedAuthnContext: undefined,
  } satisfies AuthnRequest);
});

test('any prefix works, and attributes in other namespaces are ignored (XML Namespaces 1.0)', () => {
  const xml = `<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:x="urn:x" x:ID="_2" ID="_1" x:ForceAuthn="true">
    <Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">urn:sp</Issuer><Issuer>not SAML's</Issuer></AuthnRequest>`;
  expect(readAuthnRequest(xml)).toMatchObject({ id: '_1', issuer: 'urn:sp', forceAuthn: false });
});

test('the Issuer is kept byte for byte, but for white space around it', {
  meta: { holds: ['IDP-012'], source: 'SAML Core 8.3.6' },
}, () => {
  expect(read('<saml:Issuer> https://sp.example/ </saml:Issuer>').issuer).toBe('https://sp.example/');
  expect(read('<saml:Issuer>\n    urn:a  b\n  </saml:Issuer>').issuer).toBe('urn:a  b');
  expect(read('<saml:Issuer>\u00a0urn:a</saml:Issuer>').issuer).toBe('\u00a0urn:a');
  expect(read('<saml:Issuer><![CDATA[urn:a]]>&amp;b</saml:Issuer>').issuer).toBe('urn:a&b');
  expect(read('<saml:Issuer/>').issuer).toBe('');
});

test.each([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])(
  'ForceAuthn and IsPassive "%s" are %s',
  { meta: { holds: ['IDP-030', 'IDP-029'], source: 'XML Schema 2, 3.2.2' } },
  (text, value) => {
    expect(read('', `ForceAuthn="${text}" IsPassive="${text}"`)).toMatchObject({ forceAuthn: value, isPassive: value });
  },
);

test.each(['', 'TRUE', 'yes', '2', 'truе'])(
  '"%s" is not a boolean',
  { meta: { holds: ['IDP-029', 'IDP-030'], source: 'XML Schema 2, 3.2.2' } },
  (text) => {
    expect(refusal(() => read('', `ForceAuthn="${text}"`))).toBe('saml_request_malformed');
    expect(refusal(() => read('', `IsPassive="${text}"`))).toBe('saml_request_malformed');
  },
);

describe('a Subject', () => {
  test('without qualifiers has none', { meta: { holds: ['IDP-026'], source: 'SAML Core 2.2.2' } }, () => {
    const subject = read('<saml:Subject><saml:NameID>pat </saml:NameID></saml:Subject>').subject;
    expect(subject).toEqual({
      nameId: 'pat ',
      format: undefined,
      nameQualifier: undefined,
      spNameQualifier: undefined,
    });
  });

  test.each([
    '<saml:Subject/>',
    '<saml:Subject><saml:NameID/></saml:Subject>',
    '<saml:Subject><saml:BaseID/></saml:Subject>',
    '<saml:Subject><saml:EncryptedID/></saml:Subject>',
    '<saml:Subject><saml:SubjectConfirmation Method="urn:m"/></saml:Subject>',
    '<saml:Subject><NameID>pat</NameID></saml:Subject>',
  ])(
    '%s does not identify a user we understand, which differs from having no Subject',
    { meta: { holds: ['IDP-026'], source: 'SAML Core 2.4.1' } },
    (xml) => {
      expect(read(xml).subject).toBe('unreadable');
    },
  );
});

test('a RequestedAuthnContext defaults to exact, and may name declarations', {
  meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' },
}, () => {
  const context = (inside: string, attributes = '') =>
    read(`<samlp:RequestedAuthnContext ${attributes}>${inside}</samlp:RequestedAuthnContext>`).requestedAuthnContext;
  expect(context('<saml:AuthnContextDeclRef>urn:d</saml:AuthnContextDeclRef>')).toEqual({
    comparison: 'exact',
    classRefs: [],
    declRefs: ['urn:d'],
  });
  expect(context('', 'Comparison="whatever"')).toEqual({ comparison: 'whatever', classRefs: [], declRefs: [] });
});

test.each([
  ['two Issuers', '<saml:Issuer>a</saml:Issuer><saml:Issuer>b</saml:Issuer>'],
  ['an element in the Issuer', '<saml:Issuer>a<x/></saml:Issuer>'],
  ['two Subjects', '<saml:Subject/><saml:Subject/>'],
  ['two NameIDs', '<saml:Subject><saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID></saml:Subject>'],
  ['an element in the NameID', '<saml:Subject><saml:NameID>a<x/></saml:NameID></saml:Subject>'],
  ['two NameIDPolicies', '<samlp:NameIDPolicy/><samlp:NameIDPolicy/>'],
  ['two RequestedAuthnContexts', '<samlp:RequestedAuthnContext/><samlp:RequestedAuthnContext/>'],
  ['two Signatures', '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'.repeat(2)],
])(
  '%s, which two readers could interpret differently, are refused',
  { meta: { holds: ['IDP-019', 'IDP-032'], source: 'SAML Core 3.4.1' } },
  (_what, xml) => {
    expect(refusal(() => read(xml))).toBe('saml_request_malformed');
  },
);

test.each([
  ['LogoutRequest', `<samlp:LogoutRequest ${NAMESPACES}/>`],
  ['Response', `<samlp:Response ${NAMESPACES}/>`],
  ['an assertion', `<saml:Assertion ${NAMESPACES}/>`],
  ['a SAML 1.1 AuthnRequest', '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:1.1:protocol"/>'],
  ['AuthnRequest in the assertion namespace', `<saml:AuthnRequest ${NAMESPACES}/>`],
  ['AuthnRequest without a namespace', '<AuthnRequest ID="_1"/>'],
  ['a nested AuthnRequest', `<x>${request()}</x>`],
  ['HTML', '<html/>'],
])('%s is not an AuthnRequest', { meta: { holds: ['IDP-017'], source: 'SAML Core 3.4.1' } }, (_what, xml) => {
  expect(refusal(() => readAuthnRequest(xml))).toBe('saml_message_unsupported');
});

test.each([
  ['a document type', `<!DOCTYPE x>${request()}`, 'saml_request_forbidden_xml'],
  [
    'an entity',
    `<!DOCTYPE x [<!ENTITY e "x">]>${request('<saml:Issuer>&e;</saml:Issuer>')}`,
    'saml_request_forbidden_xml',
  ],
  ['a processing instruction', request('<?x?>'), 'saml_request_forbidden_xml'],
  ['a comment in a value', request('<saml:Issuer>a<!-- -->b</saml:Issuer>'), 'saml_request_forbidden_xml'],
  ['a second root', request() + request(), 'saml_request_malformed'],
  ['text that is not XML', 'hello', 'saml_request_malformed'],
  ['a truncated document', FULL.slice(0, -5), 'saml_request_malformed'],
])(
  '%s is refused with its own error code',
  { meta: { holds: ['IDP-016'], source: 'project rule' } },
  (_what, xml, code) => {
    expect(refusal(() => readAuthnRequest(xml))).toBe(code);
  },
);

test('a request changed or truncated anywhere is either read or refused with a known error', {
  meta: { holds: ['IDP-016'], source: 'project rule' },
}, () => {
  const change = fc.record({
    at: fc.nat({ max: FULL.length - 1 }),
    cut: fc.nat({ max: 30 }),
    paste: fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('<', '>', '"', '&', '<!--', ']]>')),
  });
  const known = ['accepted', 'saml_request_malformed', 'saml_request_forbidden_xml', 'saml_message_unsupported'];
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let xml = FULL;
      for (const { at, cut, paste } of changes) xml = xml.slice(0, at) + paste + xml.slice(at + cut);
      expect(known).toContain(refusal(() => readAuthnRequest(xml)));
    }),
    { seed: 100, numRuns: 2000 },
  );
});
