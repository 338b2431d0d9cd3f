import { beforeAll, expect, test } from 'vitest';
import { xmlCryptoVerify } from '../../interop/verifiers.ts';
import { authnRequest, type RequestParts, redirectQuery } from '../../support/authn-request.ts';
import {
  type BrowserLike,
  elementsNamed,
  errorCodeOf,
  postedBy,
  referenceOf,
  requirePosted,
  statusOf,
} from '../../support/browser-like.ts';
import { TEST_ACS } from '../../support/installation.ts';
import { toPem } from '../../support/saml.ts';
import { schemaErrors } from '../../support/xml-tools.ts';
import { EMAIL, useStage } from './stage.ts';

const stage = useStage();
const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
let signedIn: BrowserLike;
beforeAll(async () => {
  signedIn = await stage.signedIn();
});
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

const pages: [string, RequestParts, string][] = [
  ['21 Issuer missing (SAML Profiles 4.1.4.1)', { issuer: null }, 'issuer_unknown'],
  ['21 Issuer unknown (SAML Profiles 4.1.4.1)', { issuer: 'https://other.example' }, 'issuer_unknown'],
  ['12 Issuer in other letters (SAML Core 8.3.6)', { issuer: 'https://SP.example/metadata' }, 'issuer_unknown'],
  ['12 Issuer with white space (SAML Core 8.3.6)', { issuer: ' https://sp.example/metadata' }, 'issuer_unknown'],
  ['19 no ID (SAML Core 3.2.1)', { attributes: { ID: null } }, 'request_id_invalid'],
  ['19 an ID that is no NCName (SAML Core 1.3.4)', { attributes: { ID: '1a' } }, 'request_id_invalid'],
  ['20 no IssueInstant (SAML Core 3.2.1)', { attributes: { IssueInstant: null } }, 'issue_instant_invalid'],
  [
    '20 not in UTC (SAML Core 1.3.3)',
    { attributes: { IssueInstant: '2026-01-01T00:00:00+01:00' } },
    'issue_instant_invalid',
  ],
  ['20 too old (SAML Core 3.2.1)', { attributes: { IssueInstant: ago(600) } }, 'request_stale'],
  ['20 in the future (SAML Core 3.2.1)', { attributes: { IssueInstant: ago(-600) } }, 'request_stale'],
  [
    '23 an ACS that is not registered',
    { attributes: { AssertionConsumerServiceURL: 'https://evil.example/' } },
    'acs_unknown',
  ],
  ['23 javascript: as the ACS', { attributes: { AssertionConsumerServiceURL: 'javascript:alert(1)' } }, 'acs_unknown'],
  ['23 an ACS with one letter more', { attributes: { AssertionConsumerServiceURL: `${TEST_ACS}/` } }, 'acs_unknown'],
  ['23 an index that is not registered', { attributes: { AssertionConsumerServiceIndex: '9' } }, 'acs_unknown'],
  ['23 an index that is no number', { attributes: { AssertionConsumerServiceIndex: '' } }, 'acs_unknown'],
  [
    '23 both an ACS and an index (SAML Core 3.4.1)',
    { attributes: { AssertionConsumerServiceURL: TEST_ACS, AssertionConsumerServiceIndex: '0' } },
    'acs_unknown',
  ],
  ['25 RelayState over the limit (SAML Bindings 3.4.3)', {}, 'relay_state_invalid'],
];

test.each(pages)('%s: a page, and nothing is posted', async (title, parts, code) => {
  const relayState = title.startsWith('25') ? 'x'.repeat(1025) : undefined;
  for (const [browser, bring] of [
    [stage.stranger(), stage.bring],
    [signedIn, stage.bring],
    [signedIn, stage.bringByPost],
  ] as const) {
    const page = await bring(browser, parts, relayState);
    expect(page.statusCode).toBe(400);
    expect(errorCodeOf(page)).toBe(code);
    expect(postedBy(page)).toBeUndefined();
    // Neither an address of the Service Provider, nor one that the request brought.
    expect(page.body).not.toMatch(/<form|sp\.example|evil\.example|javascript:/);
    expect(page.headers.location).toBeUndefined();
    const event = await stage.audited('sign_on.refused');
    expect(event).toMatchObject({ reference: referenceOf(page), details: { code, answered: 'page' } });
  }
});

test('21 a request of another biller’s Service Provider is unknown here, and so is a biller (project rule)', async () => {
  await stage.addBiller('other', { entityId: 'https://other-sp.example', acs: ['https://other-sp.example/acs'] });
  const page = await stage.bring(signedIn, { issuer: 'https://other-sp.example' });
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'issuer_unknown']);
  const nowhere = await stage.bring(stage.stranger(), {}, undefined, 'nowhere');
  expect([nowhere.statusCode, errorCodeOf(nowhere)]).toEqual([404, 'biller_unknown']);
});

test('25 a parameter twice (project rule)', async () => {
  const query = redirectQuery(authnRequest(), 'a');
  for (const twice of ['RelayState=b', 'RelayState=a', query.split('&')[0]]) {
    const page = await stage.stranger().get(`/saml/riverton/sso?${query}&${twice}`);
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'parameter_invalid']);
  }
});

const contextClass = (name: string) => `<saml:AuthnContextClassRef>${CLASSES}${name}</saml:AuthnContextClassRef>`;
const context = (comparison: string, refs: string) => ({
  inside: `<samlp:RequestedAuthnContext Comparison="${comparison}">${refs}</samlp:RequestedAuthnContext>`,
});
const NO_CONTEXT = ['Responder', 'NoAuthnContext'];

const responses: [string, RequestParts, string[]][] = [
  ['18 Version 1.1 (SAML Core 3.2.2.2)', { attributes: { Version: '1.1' } }, ['VersionMismatch']],
  ['18 Version missing (SAML Core 3.2.1)', { attributes: { Version: null } }, ['VersionMismatch']],
  [
    '22 a Destination that is not ours (SAML Core 3.2.1)',
    { attributes: { Destination: 'https://x.example' } },
    ['Requester'],
  ],
  [
    '24 ProtocolBinding (SAML Core 3.4.1)',
    { attributes: { ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact' } },
    ['Requester', 'UnsupportedBinding'],
  ],
  [
    '24 HTTP-Redirect, by which no Response may go (SAML Profiles 4.1.2)',
    { attributes: { ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' } },
    ['Requester', 'UnsupportedBinding'],
  ],
  [
    '22 the Destination of another biller (SAML Core 3.2.1)',
    { attributes: { Destination: 'https://idp.example/saml/other/sso' } },
    ['Requester'],
  ],
  [
    '27 a NameID format that is not known (SAML Core 3.4.1.1)',
    { inside: '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  [
    '27 an SPNameQualifier of somebody else (SAML Core 3.4.1.1)',
    { inside: '<samlp:NameIDPolicy SPNameQualifier="https://affiliation.example"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  ['28 exactly another context (SAML Core 3.3.2.2.1)', context('exact', contextClass('Kerberos')), NO_CONTEXT],
  [
    '28 at least a stronger context (SAML Core 3.3.2.2.1)',
    context('minimum', contextClass('SmartcardPKI')),
    NO_CONTEXT,
  ],
  [
    '28 a better context than ours (SAML Core 3.3.2.2.1)',
    context('better', contextClass('PasswordProtectedTransport')),
    NO_CONTEXT,
  ],
  [
    '28 a better context than one of which it is not known how good it is (SAML Core 3.3.2.2.1)',
    context('better', contextClass('Password') + contextClass('Kerberos')),
    NO_CONTEXT,
  ],
  ['28 a comparison that there is not (SAML Core 3.3.2.2.1)', context('best', contextClass('Password')), NO_CONTEXT],
  ['28 no context at all (SAML Core 3.3.2.2.1)', context('exact', ''), NO_CONTEXT],
  [
    '28 a declaration, which is never made (SAML Core 3.3.2.2.1)',
    context('minimum', '<saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef>'),
    NO_CONTEXT,
  ],
  [
    '29 IsPassive without a session (SAML Core 3.4.1)',
    { attributes: { IsPassive: 'true' } },
    ['Responder', 'NoPassive'],
  ],
  [
    '26 a Subject that names nobody (SAML Core 3.4.1.4)',
    { inside: '<saml:Subject><saml:EncryptedID/></saml:Subject>' },
    ['Requester', 'UnknownPrincipal'],
  ],
];

test.each(responses)('%s: a Response with the status, before anybody signs in', async (_title, parts, status) => {
  const asked = { ...parts, attributes: { ID: '_asked', ...parts.attributes } };
  const page = await stage.bring(stage.stranger(), asked, 'state & more');
  expect(page.statusCode).toBe(200);
  const posted = requirePosted(page);
  expect(statusOf(posted)).toEqual(status);
  expect(posted).toMatchObject({ acs: TEST_ACS, relayState: 'state & more' });
  expect(posted.root.attributes.get('InResponseTo')).toBe('_asked');
  // 33: an error Response carries no assertion.
  expect(posted.xml).not.toMatch(/Assertion[ >]/);
  expect(schemaErrors(posted.xml, 'protocol')).toBe('');
  const biller = await stage.installation.services.billers.bySlug('riverton');
  const { active } = await stage.installation.services.keys.ofBiller(biller.id);
  expect(xmlCryptoVerify(posted.xml, toPem(active?.signer.certificate ?? ''), 'Response')).toContain('StatusCode');
  const event = await stage.audited('sign_on.refused');
  expect(event.details).toMatchObject({ answered: 'response' });
  // The same reference tells both sides where to look.
  expect(elementsNamed(posted.root, 'StatusMessage')[0]?.text).toContain(event.reference);
});

test('33 the same by POST, whoever is signed in: the Response comes at once (SAML Core 3.2.2)', async () => {
  const asked = { attributes: { ID: '_asked', Version: '2.1' } };
  for (const browser of [stage.stranger(), signedIn]) {
    const page = await stage.bringByPost(browser, asked, 'state');
    const posted = requirePosted(page);
    expect([page.statusCode, statusOf(posted), posted.acs]).toEqual([200, ['VersionMismatch'], TEST_ACS]);
    expect([posted.relayState, posted.root.attributes.get('InResponseTo')]).toEqual(['state', '_asked']);
    expect(posted.xml).not.toContain(EMAIL);
  }
});

test('52 an error Response is signed where Responses are, and not where only assertions are (project rule)', async () => {
  for (const [sign, signatures] of [
    ['assertion', 0],
    ['response', 1],
  ] as const) {
    await stage.addBiller(sign, { settings: { sign } });
    const posted = requirePosted(
      await stage.bring(stage.stranger(), { attributes: { IsPassive: '1' } }, undefined, sign),
    );
    expect(statusOf(posted)).toEqual(['Responder', 'NoPassive']);
    expect(elementsNamed(posted.root, 'Signature')).toHaveLength(signatures);
    expect(schemaErrors(posted.xml, 'protocol')).toBe('');
  }
});
