import { expect, test } from 'vitest';
import { checkElementSignature } from '../../src/inspect/element-signature.ts';
import { authnRequest, type RequestParts, redirectQuery } from '../support/authn-request.ts';
import { elementsNamed, errorCodeOf, postedBy, referenceOf, requirePosted, statusOf } from '../support/browser-like.ts';
import { TEST_ACS } from '../support/installation.ts';
import { useStage } from './stage.ts';

const stage = useStage();
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
  [
    '23 both an ACS and an index (SAML Core 3.4.1)',
    { attributes: { AssertionConsumerServiceURL: TEST_ACS, AssertionConsumerServiceIndex: '0' } },
    'acs_unknown',
  ],
  ['25 RelayState over the limit (SAML Bindings 3.4.3)', {}, 'relay_state_invalid'],
];

test.each(pages)('%s: a page, and nothing is posted', async (title, parts, code) => {
  for (const browser of [stage.stranger(), await stage.signedIn()]) {
    const page = await stage.bring(browser, parts, title.startsWith('25') ? 'x'.repeat(1025) : undefined);
    expect(page.statusCode).toBe(400);
    expect(errorCodeOf(page)).toBe(code);
    expect(postedBy(page)).toBeUndefined();
    expect(page.body).not.toContain('<form');
    const event = await stage.audited('sign_on.refused');
    expect(event).toMatchObject({ reference: referenceOf(page), details: { code, answered: 'page' } });
  }
});

test('21 a request of another biller’s Service Provider is unknown here, and so is a biller (project rule)', async () => {
  await stage.addBiller('other', { entityId: 'https://other-sp.example', acs: ['https://other-sp.example/acs'] });
  const page = await stage.bring(await stage.signedIn(), { issuer: 'https://other-sp.example' });
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'issuer_unknown']);
  const nowhere = await stage.bring(stage.stranger(), {}, undefined, 'nowhere');
  expect([nowhere.statusCode, errorCodeOf(nowhere)]).toEqual([404, 'biller_unknown']);
});

test('25 a parameter twice (project rule)', async () => {
  const query = redirectQuery(authnRequest(), 'a');
  const page = await stage.stranger().get(`/saml/riverton/sso?${query}&RelayState=b`);
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'parameter_invalid']);
});

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
    '27 a NameID format that is not known (SAML Core 3.4.1.1)',
    { inside: '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  [
    '27 an SPNameQualifier of somebody else (SAML Core 3.4.1.1)',
    { inside: '<samlp:NameIDPolicy SPNameQualifier="https://affiliation.example"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  [
    '28 an authentication context that is not met (SAML Core 3.3.2.2.1)',
    {
      inside:
        '<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>',
    },
    ['Responder', 'NoAuthnContext'],
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
  const page = await stage.bring(
    stage.stranger(),
    { ...parts, attributes: { ID: '_asked', ...parts.attributes } },
    'state & more',
  );
  expect(page.statusCode).toBe(200);
  const posted = requirePosted(page);
  expect(statusOf(posted)).toEqual(status);
  expect(posted).toMatchObject({ acs: TEST_ACS, relayState: 'state & more' });
  expect(posted.root.attributes.get('InResponseTo')).toBe('_asked');
  // 33: an error Response carries no assertion.
  expect(elementsNamed(posted.root, 'Assertion')).toEqual([]);
  const biller = await stage.installation.services.billers.bySlug('riverton');
  const { certificates } = await stage.installation.services.keys.ofBiller(biller.id);
  expect(checkElementSignature(posted.xml, 'Response', certificates)).toBe('valid');
  const event = await stage.audited('sign_on.refused');
  expect(event.details).toMatchObject({ answered: 'response' });
  // The same reference tells both sides where to look.
  expect(elementsNamed(posted.root, 'StatusMessage')[0]?.text).toContain(event.reference);
});

test('52 an error Response is not signed where only assertions are to be (project rule)', async () => {
  await stage.addBiller('assertions', { settings: { sign: 'assertion' } });
  const page = await stage.bring(stage.stranger(), { attributes: { IsPassive: '1' } }, undefined, 'assertions');
  const posted = requirePosted(page);
  expect(statusOf(posted)).toEqual(['Responder', 'NoPassive']);
  expect(elementsNamed(posted.root, 'Signature')).toEqual([]);
});
