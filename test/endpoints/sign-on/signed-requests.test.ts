import { SAML } from '@node-saml/node-saml';
import { beforeAll, expect, test } from 'vitest';
import { afterIssuer } from '../../protocols/saml/signatures/signed-post.ts';
import {
  type BrowserLike,
  errorCodeOf,
  postedBy,
  requirePosted,
  statusOf,
} from '../../support/browser/browser-like.ts';
import {
  authnRequest,
  postFields,
  redirectQuery,
  signedMessage,
  signedQuery,
} from '../../support/saml/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../../support/saml/saml.ts';
import { MORE, reference, signatureTemplate, xmlsecSign } from '../../support/saml/xmlsec-signer.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
const SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
const ssoUrl = 'https://idp.example/saml/signing/sso';
let first: SigningKey;
let second: SigningKey;
let stranger: SigningKey;

beforeAll(async () => {
  [first, second, stranger] = [
    await makeSigningKey('RSA-2048'),
    await makeSigningKey('EC-P256'),
    await makeSigningKey('RSA-2048'),
  ];
  const spCertificates = [first.certificatePem, second.certificatePem];
  await stage.addBiller('signing', { spCertificates, settings: { requestSignature: 'required' } });
  await stage.addBiller('checking', { spCertificates });
  await stage.addBiller('without');
});

const message = (biller = 'signing') =>
  authnRequest({
    attributes: { Destination: ssoUrl.replace('signing', biller), IssueInstant: new Date(stage.now()).toISOString() },
  });
const ecdsa = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';

// One sign-in at each biller is enough: passwords are slow to check.
const browsers = new Map<string, BrowserLike>();
async function browserAt(biller: string): Promise<BrowserLike> {
  const browser = browsers.get(biller) ?? (await stage.signedIn(biller));
  browsers.set(biller, browser);
  return browser;
}
async function byRedirect(query: string, biller = 'signing') {
  return (await browserAt(biller)).get(`/saml/${biller}/sso?${query}`);
}
async function byPost(xml: string, relayState?: string, biller = 'signing') {
  const browser = await browserAt(biller);
  return browser.follow(await browser.post(`/saml/${biller}/sso`, postFields(xml, relayState)));
}
const success = (page: Parameters<typeof requirePosted>[0]) => statusOf(requirePosted(page));

test('a signed POST by any registered certificate, RSA or ECDSA', {
  meta: { holds: ['IDP-007'], source: 'SAML Bindings 3.5.4' },
}, async () => {
  expect(success(await byPost(signedMessage(message(), first), 'rs'))).toEqual(['Success']);
  // xml-crypto knows no ECDSA; xmlsec1 does.
  const xml = message();
  const [, id] = / ID="([^"]+)"/.exec(xml) ?? [];
  const template = signatureTemplate(reference(`#${id}`), { method: `${MORE}ecdsa-sha256` });
  const signed = xmlsecSign(afterIssuer(xml, template), second);
  expect(success(await byPost(signed))).toEqual(['Success']);
});

test('of two requests in one document, answers only the signed one, if any', {
  meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' },
}, async () => {
  const evil = authnRequest({
    attributes: { ID: '_evil', Destination: ssoUrl, IssueInstant: new Date(stage.now()).toISOString() },
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

test('a signed Redirect by any registered certificate, RSA or ECDSA', {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  expect(success(await byRedirect(signedQuery(redirectQuery(message(), 'rs'), first)))).toEqual(['Success']);
  expect(success(await byRedirect(signedQuery(redirectQuery(message(), 'rs'), second, ecdsa)))).toEqual(['Success']);
});

test('verifies the signature over the raw query: lower-case escapes, an empty RelayState, other parameters', {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  const lower = redirectQuery(message(), 'a/b').replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  expect(success(await byRedirect(signedQuery(lower, first)))).toEqual(['Success']);
  const empty = signedQuery(`${redirectQuery(message())}&RelayState=`, first);
  const posted = requirePosted(await byRedirect(empty));
  expect([statusOf(posted), posted.relayState]).toEqual([['Success'], '']);
  const shuffled = signedQuery(redirectQuery(message(), 'x'), first).split('&').reverse().join('&');
  expect(success(await byRedirect(`${shuffled}&lang=en`))).toEqual(['Success']);
});

test("node-saml’s own Redirect, which signs different octets than it sends if RelayState has a space or !'()*~", {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  const saml = new SAML({
    entryPoint: ssoUrl,
    issuer: 'https://sp.example/metadata',
    callbackUrl: 'https://sp.example/acs',
    idpCert: first.certificatePem,
    privateKey: first.privateKeyPem,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
  });
  const relayState = "bills (and more) for ~ O'Hara!*";
  const url = await saml.getAuthorizeUrlAsync(relayState, undefined, {});
  const posted = requirePosted(await byRedirect(url.slice(url.indexOf('?') + 1)));
  expect([statusOf(posted), posted.relayState]).toEqual([['Success'], relayState]);
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

test('a signed request must name its Destination', {
  meta: { holds: ['IDP-022'], source: 'SAML Bindings 3.4.5.2' },
}, async () => {
  const unaddressed = authnRequest({ attributes: { IssueInstant: new Date(stage.now()).toISOString() } });
  for (const page of [
    await byRedirect(signedQuery(redirectQuery(unaddressed), first)),
    await byPost(signedMessage(unaddressed, first)),
  ]) {
    expect(success(page)).toEqual(['Requester']);
  }
  // An unsigned request need not.
  requirePosted(await byRedirect(redirectQuery(unaddressed), 'checking'));
});

test('refuses additions that a signature does not cover, also next to a signed message', {
  meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  // Both at once: if either is broken, the request is refused.
  const inside = signedMessage(message(), first);
  const both = signedQuery(redirectQuery(inside, 'rs'), second, ecdsa);
  expect(success(await byRedirect(both))).toEqual(['Success']);
  const again = signedMessage(message(), first);
  const tampered = again.replace('Version="2.0"', 'Version="2.0" ForceAuthn="false"');
  expect(errorCodeOf(await byRedirect(signedQuery(redirectQuery(tampered, 'rs'), second, ecdsa)))).toBe(
    'signature_invalid',
  );
  expect(errorCodeOf(await byRedirect(signedQuery(redirectQuery(again, 'rs'), stranger)))).toBe('signature_invalid');
});

test('the policy follows the SP metadata unless set, and the IdP metadata publishes it', {
  meta: { holds: ['IDP-076'], source: 'SAML Metadata 2.4.3, 2.4.4' },
}, async () => {
  const certificate = first.signer.certificate;
  const spMetadata = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://sp.example/metadata">
    <SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
      <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
      <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"/>
    </SPSSODescriptor></EntityDescriptor>`;
  await stage.addBiller('as-metadata', { spMetadata });
  expect(errorCodeOf(await byRedirect(redirectQuery(message('as-metadata')), 'as-metadata'))).toBe('signature_missing');
  const signed = signedQuery(redirectQuery(message('as-metadata')), first);
  expect(success(await byRedirect(signed, 'as-metadata'))).toEqual(['Success']);
  const metadata = await stage.stranger().get('/saml/as-metadata/metadata');
  expect(metadata.body).toContain('WantAuthnRequestsSigned="true"');
  await stage.installation.operate('biller.update', {
    slug: 'as-metadata',
    settings: { requestSignature: 'if-present' },
  });
  expect(success(await byRedirect(redirectQuery(message('as-metadata')), 'as-metadata'))).toEqual(['Success']);
});
