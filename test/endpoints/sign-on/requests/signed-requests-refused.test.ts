import { expect, test } from 'vitest';
import { afterIssuer } from '../../../protocols/saml/signatures/signed-post.ts';
import { errorCodeOf, postedBy } from '../../../support/browser/browser-like.ts';
import { authnRequest, redirectQuery, signedMessage, signedQuery } from '../../../support/saml/authn-request.ts';
import { makeSigningKey } from '../../../support/saml/saml.ts';
import { ECDSA, SSO_URL, success, useSigningStage } from './signing-stage.ts';

const SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
const { stage, first, second, message, byRedirect, byPost } = await useSigningStage();
const stranger = await makeSigningKey('RSA-2048');

test('of two requests in one document, answers only the signed one, if any', {
  meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' },
}, async () => {
  const evil = authnRequest({
    attributes: { ID: '_evil', Destination: SSO_URL, IssueInstant: new Date(stage.now()).toISOString() },
    inside: `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>`,
  });
  const good = signedMessage(message(), first);
  const signature = good.slice(
    good.indexOf('<ds:Signature'),
    good.indexOf('</ds:Signature>') + '</ds:Signature>'.length,
  );
  const extensions = (inner: string) => `<samlp:Extensions>${inner}</samlp:Extensions>`;
  for (const wrapped of [
    afterIssuer(evil, signature + extensions(good.replace(signature, ''))),
    afterIssuer(evil, signature + extensions(good)),
    afterIssuer(evil, signature.replace('</ds:Signature>', `<ds:Object>${good}</ds:Object></ds:Signature>`)),
    good.replace('</samlp:AuthnRequest>', `${evil}</samlp:AuthnRequest>`),
  ]) {
    const page = await byPost(wrapped);
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'signature_invalid']);
    expect(page.body).not.toContain('sp.example');
  }
});

const badQueries: [string, () => string, string][] = [
  ['missing although required', () => redirectQuery(message()), 'signature_missing'],
  ['by a key that is not registered', () => signedQuery(redirectQuery(message()), stranger), 'signature_invalid'],
  [
    'over another RelayState',
    () => signedQuery(redirectQuery(message(), 'a'), first).replace('RelayState=a', 'RelayState=b'),
    'signature_invalid',
  ],
  [
    'with the RelayState removed',
    () => signedQuery(redirectQuery(message(), 'a'), first).replace('&RelayState=a', ''),
    'signature_invalid',
  ],
  [
    'over another message',
    () => signedQuery(redirectQuery(message()), first).replace(/^SAMLRequest=[^&]*/, redirectQuery(message())),
    'signature_invalid',
  ],
  [
    'SigAlg without Signature',
    () => signedQuery(redirectQuery(message()), first).replace(/&Signature=.*/, ''),
    'signature_invalid',
  ],
  [
    'Signature without SigAlg',
    () => signedQuery(redirectQuery(message()), first).replace(/&SigAlg=[^&]*/, ''),
    'signature_invalid',
  ],
  ['SHA-1', () => signedQuery(redirectQuery(message()), first, SHA1), 'signature_algorithm_refused'],
  [
    'HMAC with the certificate as the secret',
    () => signedQuery(redirectQuery(message()), first).replace('rsa-sha256', 'hmac-sha256'),
    'signature_algorithm_refused',
  ],
  [
    'an unknown algorithm',
    () => signedQuery(redirectQuery(message()), first).replace('rsa-sha256', 'rsa-sha257'),
    'signature_algorithm_refused',
  ],
  [
    'RSA declared as ECDSA',
    () => signedQuery(redirectQuery(message()), first).replace('rsa-sha256', 'ecdsa-sha256'),
    'signature_invalid',
  ],
  [
    'not base64',
    () => signedQuery(redirectQuery(message()), first).replace(/Signature=.*/, 'Signature=%21'),
    'signature_invalid',
  ],
];

test.each(badQueries)(
  'Redirect, %s: a page, and nothing is posted',
  { meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1' } },
  async (_title, query, code) => {
    const page = await byRedirect(query());
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, code]);
    expect(postedBy(page)).toBeUndefined();
    // The sender is not trusted yet, so no address of the Service Provider is revealed.
    expect(page.body).not.toContain('sp.example');
  },
);

test('verifies a signature even if none is required, and refuses one if no certificate is registered', {
  meta: { holds: ['IDP-031'], source: 'project rule' },
}, async () => {
  const invalid = signedQuery(redirectQuery(message('checking')), stranger);
  expect(errorCodeOf(await byRedirect(invalid, 'checking'))).toBe('signature_invalid');
  expect(success(await byRedirect(redirectQuery(message('checking')), 'checking'))).toEqual(['Success']);
  const unknown = await byRedirect(signedQuery(redirectQuery(message('without')), first), 'without');
  expect(errorCodeOf(unknown)).toBe('signature_invalid');
  expect((await stage.audited('sign_on.refused')).details.detail).toContain('no certificate is registered');
});

test('POST: refuses SHA-1 and says how to fix it; does not trust KeyInfo', {
  meta: { holds: ['IDP-031'], source: 'SAML Core 5.4' },
}, async () => {
  const weak = await byPost(signedMessage(message(), first, SHA1));
  expect(errorCodeOf(weak)).toBe('signature_algorithm_refused');
  expect((await stage.audited('sign_on.refused')).details.detail).toContain(
    'have the Service Provider sign with SHA-256',
  );
  // signedMessage puts the stranger's own certificate into KeyInfo.
  const selfMade = signedMessage(message(), stranger);
  expect(selfMade).toContain('X509Certificate');
  expect(errorCodeOf(await byPost(selfMade))).toBe('signature_invalid');
  expect(errorCodeOf(await byPost(message()))).toBe('signature_missing');
});

test('refuses additions that a signature does not cover, also next to a signed message', {
  meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  // Both at once: if either is broken, the request is refused.
  const inside = signedMessage(message(), first);
  const both = signedQuery(redirectQuery(inside, 'rs'), second, ECDSA);
  expect(success(await byRedirect(both))).toEqual(['Success']);
  const again = signedMessage(message(), first);
  const tampered = again.replace('Version="2.0"', 'Version="2.0" ForceAuthn="false"');
  expect(errorCodeOf(await byRedirect(signedQuery(redirectQuery(tampered, 'rs'), second, ECDSA)))).toBe(
    'signature_invalid',
  );
  expect(errorCodeOf(await byRedirect(signedQuery(redirectQuery(again, 'rs'), stranger)))).toBe('signature_invalid');
});
