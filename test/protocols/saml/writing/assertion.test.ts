import { expect, test } from 'vitest';
import { writeAssertion } from '../../../../src/protocols/saml/writing/assertion.ts';
import { attributes, children, type DomElement, only, parseDom } from '../../../support/saml/dom.ts';
import { ACS, assertionContent, ISSUER } from '../../../support/saml/saml.ts';

const INSTANT = Date.UTC(2026, 2, 1, 8, 30, 0, 999);
const content = assertionContent({
  id: '_a1',
  issueInstant: INSTANT,
  notBefore: INSTANT - 60_000,
  notOnOrAfter: INSTANT + 300_000,
  authnInstant: INSTANT - 3_600_000,
  sessionIndex: '_s1',
  nameQualifier: 'urn:idp',
  spNameQualifier: 'urn:sp',
});
const { beforeSignature, afterSignature } = writeAssertion(content);
const root = parseDom(beforeSignature + afterSignature);
const names = (element: DomElement) => children(element).map(({ nodeName }) => nodeName);

test('an assertion has its own ID, time and Issuer, and its parts are in schema order', {
  meta: { holds: ['IDP-042', 'IDP-043'], source: 'SAML Core 2.3.3' },
}, () => {
  expect(attributes(root)).toEqual({ ID: '_a1', IssueInstant: '2026-03-01T08:30:00Z', Version: '2.0' });
  expect(names(root)).toEqual([
    'saml:Issuer',
    'saml:Subject',
    'saml:Conditions',
    'saml:AuthnStatement',
    'saml:AttributeStatement',
  ]);
  expect(only(root, 'saml:Issuer').textContent).toBe(ISSUER);
});

test('an assertion names the subject in the given format, with its qualifiers', {
  meta: { holds: ['IDP-044'], source: 'SAML Core 2.2.2, 8.3' },
}, () => {
  const nameId = only(root, 'saml:NameID');
  expect(nameId.textContent).toBe('pat@example.com');
  expect(attributes(nameId)).toEqual({
    Format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    NameQualifier: 'urn:idp',
    SPNameQualifier: 'urn:sp',
  });
});

test('an assertion has one bearer confirmation: ACS, end, request, and no NotBefore', {
  meta: { holds: ['IDP-045'], source: 'SAML Profiles 4.1.4.2' },
}, () => {
  expect(attributes(only(root, 'saml:SubjectConfirmation'))).toEqual({
    Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
  });
  expect(attributes(only(root, 'saml:SubjectConfirmationData'))).toEqual({
    InResponseTo: '_request-1',
    NotOnOrAfter: '2026-03-01T08:35:00Z',
    Recipient: ACS,
  });
});

test('an assertion is valid for the given time and for one audience', {
  meta: { holds: ['IDP-046'], source: 'SAML Core 2.5.1.2, 2.5.1.4' },
}, () => {
  const conditions = only(root, 'saml:Conditions');
  expect(attributes(conditions)).toEqual({ NotBefore: '2026-03-01T08:29:00Z', NotOnOrAfter: '2026-03-01T08:35:00Z' });
  expect(names(conditions)).toEqual(['saml:AudienceRestriction']);
  expect(only(root, 'saml:Audience').textContent).toBe(content.audience);
});

test('an assertion says when and how the portal user signed in', {
  meta: { holds: ['IDP-047', 'IDP-048'], source: 'SAML Core 2.7.2' },
}, () => {
  const statement = only(root, 'saml:AuthnStatement');
  expect(attributes(statement)).toEqual({ AuthnInstant: '2026-03-01T07:30:00Z', SessionIndex: '_s1' });
  expect(only(statement, 'saml:AuthnContextClassRef').textContent).toBe(content.authnContextClassRef);
});

test('an assertion has the given attributes, in order, and no statement if there are none', {
  meta: { holds: ['IDP-049'], source: 'SAML Core 2.7.3' },
}, () => {
  const statement = only(root, 'saml:AttributeStatement');
  expect(children(statement).map(attributes)).toEqual(
    ['Email', 'LoginType', 'AccountNumber'].map((name) => ({
      Name: name,
      NameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
    })),
  );
  expect(children(statement).map(({ textContent }) => textContent)).toEqual(['pat@example.com', '5', '101Invoice']);
  const friendly = writeAssertion({
    ...content,
    attributes: [{ name: 'urn:oid:1', nameFormat: 'urn:x', friendlyName: 'mail', values: ['1', '2'] }],
  });
  const [attribute] = children(
    only(parseDom(friendly.beforeSignature + friendly.afterSignature), 'saml:AttributeStatement'),
  );
  expect(attributes(attribute as DomElement)).toEqual({
    FriendlyName: 'mail',
    Name: 'urn:oid:1',
    NameFormat: 'urn:x',
  });
  expect(children(attribute as DomElement).map(({ textContent }) => textContent)).toEqual(['1', '2']);
  expect(writeAssertion({ ...content, attributes: [] }).afterSignature).not.toContain('Attribute');
});
