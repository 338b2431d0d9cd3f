import { SAML } from '@node-saml/node-saml';
import fc from 'fast-check';
import samlify from 'samlify';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { IdpError } from '../../../../src/platform/errors/idp-error.ts';
import { BINDING_POST } from '../../../../src/protocols/saml/names.ts';
import { readAuthnRequest } from '../../../../src/protocols/saml/reading/authn-request.ts';
import { XmlError } from '../../../../src/protocols/saml/reading/xml.ts';
import { verifyPostSignature } from '../../../../src/protocols/saml/signatures/verify-post-signature.ts';
import { TEST_SP } from '../../../support/installation.ts';
import { authnRequest, signedMessage } from '../../../support/saml/authn-request.ts';
import { idpMetadata, SSO } from '../../../support/saml/saml.ts';
import { libxmlCanonicalForm } from '../../../support/saml/xml-tools.ts';
import {
  ENVELOPED,
  EXCLUSIVE,
  MORE,
  reference,
  signatureTemplate,
  transform,
  transforms,
} from '../../../support/saml/xmlsec-signer.ts';
import { certificatesOf, keysOfEveryKind, refusalOf, sign, signedBy, unsigned } from './signed-post.ts';

const DIGEST_384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const DIGEST_512 = 'http://www.w3.org/2001/04/xmlenc#sha512';

let keys: ReturnType<typeof keysOfEveryKind>;
beforeAll(() => {
  keys = keysOfEveryKind();
});

describe('a signed POST request is accepted', () => {
  test.each([
    ['rsa-sha256', 'rsa'],
    ['rsa-sha384', 'rsa'],
    ['rsa-sha512', 'other'],
    ['ecdsa-sha256', 'P-256'],
    ['ecdsa-sha384', 'P-384'],
    ['ecdsa-sha512', 'P-521'],
    ['ecdsa-sha512', 'P-256'],
    ['ecdsa-sha256', 'P-521'],
  ] as const)(
    'signed by xmlsec1 with %s, key %s',
    { meta: { holds: ['IDP-007'], source: 'RFC 9231, 2.3.2, 2.3.6' } },
    (method, name) => {
      const signed = sign(keys[name], signatureTemplate(reference('#_good'), { method: `${MORE}${method}` }));
      // The message read afterwards is the message without its signature, byte for byte as another canonicalizer writes
      // it.
      expect(verifyPostSignature(signed, certificatesOf(keys[name]))).toBe(libxmlCanonicalForm(unsigned));
    },
  );

  test.each([DIGEST_384, DIGEST_512])(
    'with the digest %s',
    { meta: { holds: ['IDP-007'], source: 'XML Signature 1.1, 6.2' } },
    (digest) => {
      const signed = sign(keys.rsa, signatureTemplate(reference('#_good', undefined, digest)));
      expect(verifyPostSignature(signed, certificatesOf(keys.rsa))).toBe(libxmlCanonicalForm(unsigned));
    },
  );

  test.each(['sha256', 'sha512'] as const)(
    'as node-saml signs it with %s',
    { meta: { holds: ['IDP-007'], source: 'SAML Bindings 3.5.4' } },
    async (algorithm) => {
      const provider = new SAML({
        entryPoint: SSO,
        issuer: TEST_SP,
        callbackUrl: 'https://sp.example/acs',
        idpCert: keys.other.certificatePem,
        privateKey: keys.rsa.privateKeyPem,
        publicCert: keys.rsa.certificatePem,
        signatureAlgorithm: algorithm,
        digestAlgorithm: algorithm,
        authnRequestBinding: 'HTTP-POST',
        skipRequestCompression: true,
      });
      const { SAMLRequest } = await provider.getAuthorizeMessageAsync('rs');
      const xml = Buffer.from(String(SAMLRequest), 'base64').toString();
      expect(xml).toContain(`rsa-${algorithm}"`);
      const read = readAuthnRequest(verifyPostSignature(xml, certificatesOf(keys.rsa)));
      expect(read).toMatchObject({
        issuer: TEST_SP,
        destination: SSO,
        acsUrl: 'https://sp.example/acs',
        signed: false,
      });
      expect(refusalOf(xml, certificatesOf(keys.other))).toMatch(/^signature_invalid/);
    },
  );

  test('as samlify signs it', { meta: { holds: ['IDP-007'], source: 'SAML Bindings 3.5.4' } }, async () => {
    const metadata = await idpMetadata({ certificates: certificatesOf(keys.other), wantAuthnRequestsSigned: true });
    const provider = samlify.ServiceProvider({
      entityID: TEST_SP,
      authnRequestsSigned: true,
      privateKey: keys.rsa.privateKeyPem,
      signingCert: keys.rsa.certificatePem,
      requestSignatureAlgorithm: `${MORE}rsa-sha256`,
      assertionConsumerService: [{ Binding: BINDING_POST, Location: 'https://sp.example/acs' }],
    });
    const { context } = provider.createLoginRequest(samlify.IdentityProvider({ metadata }), 'post');
    const xml = Buffer.from(context, 'base64').toString();
    const read = readAuthnRequest(verifyPostSignature(xml, certificatesOf(keys.rsa)));
    expect(read).toMatchObject({ issuer: TEST_SP, destination: SSO });
    expect(refusalOf(xml, certificatesOf(keys.other))).toMatch(/^signature_invalid/);
  });

  test.each([
    ['without KeyInfo', {}, reference('#_good')],
    ['with KeyInfo', { after: '<ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo>' }, reference('#_good')],
    [
      'with an InclusiveNamespaces prefix list (Exclusive C14N 1.0, 4)',
      {},
      reference(
        '#_good',
        transforms(
          transform(ENVELOPED),
          transform(EXCLUSIVE, `<i:InclusiveNamespaces xmlns:i="${EXCLUSIVE}" PrefixList="saml"/>`),
        ),
      ),
    ],
    [
      'with an InclusiveNamespaces prefix list in SignedInfo',
      { inside: `<i:InclusiveNamespaces xmlns:i="${EXCLUSIVE}" PrefixList="saml samlp"/>` },
      reference('#_good'),
    ],
  ])('%s', { meta: { holds: ['IDP-007'], source: 'XML Signature 1.1, 4' } }, (_what, parts, of) => {
    const signed = verifyPostSignature(sign(keys.rsa, signatureTemplate(of, parts)), certificatesOf(keys.rsa));
    expect(readAuthnRequest(signed)).toMatchObject({ id: '_good', destination: SSO, signed: false });
  });

  test('indented, with Windows line breaks, and without a prefix', {
    meta: { holds: ['IDP-007'], source: 'XML Signature 1.1, 4' },
  }, () => {
    const template = signatureTemplate(reference('#_good'))
      .replaceAll('ds:', '')
      .replace(':ds=', '=')
      .replaceAll('><', '>\r\n  <');
    const signed = sign(keys.rsa, template).replaceAll('\n', '\r\n');
    expect(verifyPostSignature(signed, certificatesOf(keys.rsa))).toBe(libxmlCanonicalForm(unsigned));
  });

  test('by any of the registered certificates, in any position', {
    meta: { holds: ['IDP-007'], source: 'SAML Metadata 2.4.1.1' },
  }, () => {
    const all = [keys.other, keys['P-256'], keys.rsa, keys['P-384']];
    const certificates = certificatesOf(...all);
    for (const [index, key] of all.entries()) {
      const signed = signedBy(key);
      expect(verifyPostSignature(signed, certificates)).toBe(libxmlCanonicalForm(unsigned));
      expect(refusalOf(signed, certificates.toSpliced(index, 1))).toMatch(
        /^signature_invalid: .* does not verify with/,
      );
    }
  });
});

test('with any single bit flipped, it is refused or still gives the signed content', {
  meta: { holds: ['IDP-007', 'IDP-031'], source: 'SAML Core 5.4; XML Signature 3.2' },
}, () => {
  const document = Buffer.from(signedMessage(unsigned, keys.rsa));
  const certificates = certificatesOf(keys.rsa);
  const expected = libxmlCanonicalForm(unsigned);
  const outcomes = { refused: 0, same: 0 };
  fc.assert(
    fc.property(fc.nat(document.length - 1), fc.nat(7), (at, bit) => {
      const flipped = Buffer.from(document);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
      let read: string;
      try {
        read = verifyPostSignature(flipped.toString(), certificates);
      } catch (error) {
        if (!(error instanceof IdpError || error instanceof XmlError)) throw error;
        outcomes.refused += 1;
        return;
      }
      expect(read).toBe(expected);
      outcomes.same += 1;
    }),
    { seed: 32, numRuns: 500 },
  );
  // Much of the message is KeyInfo, which the signature does not cover.
  expect(outcomes.refused).toBeGreaterThan(200);
  expect(outcomes.same).toBeGreaterThan(50);
});

test('a signed message is limited to a size that is quick to verify', {
  meta: { holds: ['IDP-015', 'IDP-100'], source: 'project rule' },
}, () => {
  const inside = (text: string) =>
    signedMessage(authnRequest({ inside: `<samlp:Extensions>${text}</samlp:Extensions>` }), keys.rsa);
  const certificates = certificatesOf(keys.rsa);
  expect(refusalOf(inside('x'.repeat(60_000)), certificates)).toBe('accepted');
  expect(refusalOf(inside('x'.repeat(66_000)), certificates)).toMatch(/^saml_request_too_large/);
  const list = (count: number, each: (index: number) => string) =>
    Array.from({ length: count }, (_, at) => each(at)).join(' ');
  const shapes = [
    (count: number) => `<a ${list(count, (at) => `a${at}=""`)}/>`,
    (count: number) => `<a ${list(count, (at) => `xmlns:a${at}="u"`)}/>`,
    (count: number) => `<a>${list(count, () => '<b/>')}</a>`,
  ];
  for (const shape of shapes) {
    expect(refusalOf(inside(shape(430)), certificates)).toBe('accepted');
    expect(refusalOf(inside(shape(500)), certificates)).toMatch(/^saml_request_too_large: .* 500 elements/);
  }
});

test('a message that two parsers read differently is refused, with no console output', {
  meta: { holds: ['IDP-032'], source: 'project rule' },
}, () => {
  const inside = '<samlp:Extensions><\u{10000} xmlns="urn:x"/></samlp:Extensions>';
  const xml = authnRequest({ attributes: { ID: '_good' }, inside });
  const signed = sign(keys.rsa, signatureTemplate(reference('#_good')), xml);
  const said = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
  expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(/expected XML that all parsers read alike/);
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
