import { expect, test } from 'vitest';
import { xmlCryptoVerify } from '../../../interop/verifiers.ts';
import { elementsNamed, requirePosted, statusOf } from '../../../support/browser/browser-like.ts';
import type { Held } from '../../../support/held.ts';
import { TEST_ACS } from '../../../support/installation.ts';
import type { RequestParts } from '../../../support/saml/authn-request.ts';
import { toPem } from '../../../support/saml/saml.ts';
import { schemaErrors } from '../../../support/saml/xml-tools.ts';
import { EMAIL, useStage } from '../../../support/stage.ts';

const stage = useStage();
const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const contextClass = (name: string) => `<saml:AuthnContextClassRef>${CLASSES}${name}</saml:AuthnContextClassRef>`;
const context = (comparison: string, refs: string) => ({
  inside: `<samlp:RequestedAuthnContext Comparison="${comparison}">${refs}</samlp:RequestedAuthnContext>`,
});
const NO_CONTEXT = ['Responder', 'NoAuthnContext'];

const responses: [string, Held, RequestParts, string[]][] = [
  [
    'Version 1.1',
    { meta: { holds: ['IDP-018'], source: 'SAML Core 3.2.2.2' } },
    { attributes: { Version: '1.1' } },
    ['VersionMismatch'],
  ],
  [
    'Version missing',
    { meta: { holds: ['IDP-018'], source: 'SAML Core 3.2.1' } },
    { attributes: { Version: null } },
    ['VersionMismatch'],
  ],
  [
    'a Destination that is not ours',
    { meta: { holds: ['IDP-022'], source: 'SAML Core 3.2.1' } },
    { attributes: { Destination: 'https://x.example' } },
    ['Requester'],
  ],
  [
    'ProtocolBinding',
    { meta: { holds: ['IDP-024'], source: 'SAML Core 3.4.1' } },
    { attributes: { ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact' } },
    ['Requester', 'UnsupportedBinding'],
  ],
  [
    'HTTP-Redirect, which must not carry a Response',
    { meta: { holds: ['IDP-024'], source: 'SAML Profiles 4.1.2' } },
    { attributes: { ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' } },
    ['Requester', 'UnsupportedBinding'],
  ],
  [
    'the Destination of another biller',
    { meta: { holds: ['IDP-022'], source: 'SAML Core 3.2.1' } },
    { attributes: { Destination: 'https://idp.example/saml/other/sso' } },
    ['Requester'],
  ],
  [
    'an unknown NameID format',
    { meta: { holds: ['IDP-027'], source: 'SAML Core 3.4.1.1' } },
    { inside: '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  [
    'another Service Provider’s SPNameQualifier',
    { meta: { holds: ['IDP-027'], source: 'SAML Core 3.4.1.1' } },
    { inside: '<samlp:NameIDPolicy SPNameQualifier="https://affiliation.example"/>' },
    ['Requester', 'InvalidNameIDPolicy'],
  ],
  [
    'a different context, exactly',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('exact', contextClass('Kerberos')),
    NO_CONTEXT,
  ],
  [
    'at least a stronger context',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('minimum', contextClass('SmartcardPKI')),
    NO_CONTEXT,
  ],
  [
    'a better context than ours',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('better', contextClass('PasswordProtectedTransport')),
    NO_CONTEXT,
  ],
  [
    'a better context than one of unknown strength',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('better', contextClass('Password') + contextClass('Kerberos')),
    NO_CONTEXT,
  ],
  [
    'an unknown comparison',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('best', contextClass('Password')),
    NO_CONTEXT,
  ],
  [
    'no context at all',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('exact', ''),
    NO_CONTEXT,
  ],
  [
    'a declaration, which is not supported',
    { meta: { holds: ['IDP-028'], source: 'SAML Core 3.3.2.2.1' } },
    context('minimum', '<saml:AuthnContextDeclRef>urn:x</saml:AuthnContextDeclRef>'),
    NO_CONTEXT,
  ],
  [
    'IsPassive without a session',
    { meta: { holds: ['IDP-029'], source: 'SAML Core 3.4.1' } },
    { attributes: { IsPassive: 'true' } },
    ['Responder', 'NoPassive'],
  ],
  [
    'a Subject that names no one',
    { meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1.4' } },
    { inside: '<saml:Subject><saml:EncryptedID/></saml:Subject>' },
    ['Requester', 'UnknownPrincipal'],
  ],
];

for (const [title, held, parts, status] of responses) {
  test(`${title}: a Response with the status, before any sign-in`, held, async () => {
    const asked = { ...parts, attributes: { ID: '_asked', ...parts.attributes } };
    const page = await stage.bring(stage.stranger(), asked, 'state & more');
    expect(page.statusCode).toBe(200);
    const posted = requirePosted(page);
    expect(statusOf(posted)).toEqual(status);
    expect(posted).toMatchObject({ acs: TEST_ACS, relayState: 'state & more' });
    expect(posted.root.attributes.get('InResponseTo')).toBe('_asked');
    // An error Response carries no assertion.
    expect(posted.xml).not.toMatch(/Assertion[ >]/);
    expect(schemaErrors(posted.xml, 'protocol')).toBe('');
    const biller = await stage.installation.services.billers.bySlug('riverton');
    const { active } = await stage.installation.services.keys.ofBiller(biller.id);
    expect(xmlCryptoVerify(posted.xml, toPem(active?.signer.certificate ?? ''), 'Response')).toContain('StatusCode');
    const event = await stage.audited('sign_on.refused');
    expect(event.details).toMatchObject({ answered: 'response' });
    // Both sides see the same reference.
    expect(elementsNamed(posted.root, 'StatusMessage')[0]?.text).toContain(event.reference);
  });
}

test('the same by POST, also with a session: the Response comes at once', {
  meta: { holds: ['IDP-033'], source: 'SAML Core 3.2.2' },
}, async () => {
  const asked = { attributes: { ID: '_asked', Version: '2.1' } };
  for (const browser of [stage.stranger(), await stage.signedIn()]) {
    const page = await stage.bringByPost(browser, asked, 'state');
    const posted = requirePosted(page);
    expect([page.statusCode, statusOf(posted), posted.acs]).toEqual([200, ['VersionMismatch'], TEST_ACS]);
    expect([posted.relayState, posted.root.attributes.get('InResponseTo')]).toEqual(['state', '_asked']);
    expect(posted.xml).not.toContain(EMAIL);
  }
});

test('an error Response is signed if Responses are, and not if only assertions are', {
  meta: { holds: ['IDP-052'], source: 'project rule' },
}, async () => {
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
