import { SAML } from '@node-saml/node-saml';
import { expect, test } from 'vitest';
import { afterIssuer } from '../../../protocols/saml/signatures/signed-post.ts';
import { errorCodeOf, requirePosted, statusOf } from '../../../support/browser/browser-like.ts';
import { authnRequest, redirectQuery, signedMessage, signedQuery } from '../../../support/saml/authn-request.ts';
import { MORE, reference, signatureTemplate, xmlsecSign } from '../../../support/saml/xmlsec-signer.ts';
import { ECDSA, SSO_URL, success, useSigningStage } from './signing-stage.ts';

const { stage, first, second, message, byRedirect, byPost } = await useSigningStage();

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

test('a signed Redirect by any registered certificate, RSA or ECDSA', {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, async () => {
  expect(success(await byRedirect(signedQuery(redirectQuery(message(), 'rs'), first)))).toEqual(['Success']);
  expect(success(await byRedirect(signedQuery(redirectQuery(message(), 'rs'), second, ECDSA)))).toEqual(['Success']);
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
    entryPoint: SSO_URL,
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
