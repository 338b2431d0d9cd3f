import { SAML } from '@node-saml/node-saml';
import samlify from 'samlify';
import { beforeAll, describe, expect, test } from 'vitest';
import { rawQuery } from '../../../../src/platform/http/parameters.ts';
import { BINDING_POST } from '../../../../src/protocols/saml/names.ts';
import { TEST_SP } from '../../../support/installation.ts';
import { authnRequest, redirectQuery } from '../../../support/saml/authn-request.ts';
import { idpMetadata, SSO } from '../../../support/saml/saml.ts';
import { MORE } from '../../../support/saml/xmlsec-signer.ts';
import { certificatesOf, curve, keysOfEveryKind } from './signed-post.ts';
import { NOT_VERIFIED, outcomeOf, request, signQuery } from './signed-query.ts';

let keys: ReturnType<typeof keysOfEveryKind>;
beforeAll(() => {
  keys = keysOfEveryKind();
});

describe('a signed Redirect is accepted', () => {
  test.each([
    ['sha256', 'rsa'],
    ['sha384', 'rsa'],
    ['sha512', 'other'],
    ['sha256', 'P-256'],
    ['sha384', 'P-384'],
    ['sha512', 'P-521'],
    ['sha512', 'P-256'],
  ] as const)(
    'with %s by key %s, and by no other key',
    { meta: { holds: ['IDP-008'], source: 'RFC 9231, 2.3.2, 2.3.6' } },
    (hash, name) => {
      const key = keys[name];
      const others = Object.values(keys).filter((other) => other !== key);
      const query = signQuery(request, key, { hash });
      expect(outcomeOf(query, key)).toBe('accepted');
      expect(outcomeOf(query, ...others)).toMatch(NOT_VERIFIED);
    },
  );

  test.each(['P-256', 'P-384', 'P-521'] as const)(
    'with ECDSA in DER, as OpenSAML for Java sends it, by key %s, and by no other key',
    { meta: { holds: ['IDP-008'], source: 'project rule' } },
    (name) => {
      const query = signQuery(request, keys[name], { ecdsa: 'der' });
      expect(outcomeOf(query, keys[name])).toBe('accepted');
      expect(outcomeOf(query, curve(name))).toMatch(NOT_VERIFIED);
      expect(outcomeOf(query.replace('SAMLRequest=', 'SAMLRequest=A'), keys[name])).toMatch(NOT_VERIFIED);
    },
  );

  test.each(['sha256', 'sha512'] as const)(
    'as node-saml signs it with %s',
    { meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' } },
    async (hash) => {
      const provider = new SAML({
        entryPoint: SSO,
        issuer: TEST_SP,
        callbackUrl: 'https://sp.example/acs',
        idpCert: keys.other.certificatePem,
        privateKey: keys.rsa.privateKeyPem,
        signatureAlgorithm: hash,
      });
      // For a space and for !'()*~, it signs one encoding and sends another.
      for (const relayState of ['', 'a/b+c=é&d']) {
        const query = rawQuery(await provider.getAuthorizeUrlAsync(relayState, undefined, {}));
        expect(query).toContain(`rsa-${hash}`);
        expect(outcomeOf(query, keys.rsa)).toBe('accepted');
        expect(outcomeOf(query, keys.other)).toMatch(NOT_VERIFIED);
      }
    },
  );

  test('as samlify signs it', { meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' } }, async () => {
    const metadata = await idpMetadata({ certificates: certificatesOf(keys.other), wantAuthnRequestsSigned: true });
    const provider = samlify.ServiceProvider({
      entityID: TEST_SP,
      authnRequestsSigned: true,
      privateKey: keys.rsa.privateKeyPem,
      requestSignatureAlgorithm: `${MORE}rsa-sha256`,
      relayState: 'a/b c',
      assertionConsumerService: [{ Binding: BINDING_POST, Location: 'https://sp.example/acs' }],
    });
    const { context } = provider.createLoginRequest(samlify.IdentityProvider({ metadata }), 'redirect');
    const query = rawQuery(String(context));
    expect(outcomeOf(query, keys.rsa)).toBe('accepted');
    expect(outcomeOf(query, keys.other)).toMatch(NOT_VERIFIED);
  });

  test('by any of the registered certificates, in any position', {
    meta: { holds: ['IDP-008'], source: 'SAML Metadata 2.4.1.1' },
  }, () => {
    const all = [keys.other, keys['P-256'], keys.rsa, keys['P-384']];
    for (const [index, key] of all.entries()) {
      const query = signQuery(request, key);
      expect(outcomeOf(query, ...all)).toBe('accepted');
      expect(outcomeOf(query, ...all.toSpliced(index, 1))).toMatch(NOT_VERIFIED);
    }
  });
});

describe('the signature covers the query as received', () => {
  const lower = (value: string) => encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase());
  const everything = (value: string) =>
    [...Buffer.from(value)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const asForm = (value: string) => new URLSearchParams({ v: value }).toString().slice(2);
  const relayState = 'a/b c+d=é~(*)';

  test.each([
    ['upper-case escapes', encodeURIComponent],
    ['lower-case escapes', lower],
    ['every letter escaped', everything],
    ['form encoding, with + for a space', asForm],
  ])('%s', { meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' } }, (_what, encode) => {
    const value = decodeURIComponent(request.slice('SAMLRequest='.length));
    const query = `SAMLRequest=${encode(value)}&RelayState=${encode(relayState)}`;
    const signed = signQuery(query, keys.rsa, { encode });
    expect(outcomeOf(signed, keys.rsa)).toBe('accepted');
    // The same values in another encoding are not what was signed, except in the encoding that node-saml signs.
    for (const other of [encodeURIComponent, lower, everything, asForm]) {
      const again = signed.replace(/RelayState=[^&]*/, () => `RelayState=${other(relayState)}`);
      if (again === signed) continue;
      const asNodeSaml = encode === encodeURIComponent;
      expect(outcomeOf(again, keys.rsa)).toMatch(asNodeSaml ? /^accepted$/ : NOT_VERIFIED);
    }
  });

  test('an empty RelayState is signed too; an absent one is not', {
    meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
  }, () => {
    const empty = signQuery(`${request}&RelayState=`, keys.rsa);
    expect(outcomeOf(empty, keys.rsa)).toBe('accepted');
    expect(outcomeOf(empty.replace('&RelayState=', ''), keys.rsa)).toMatch(NOT_VERIFIED);
    expect(outcomeOf(`${signQuery(request, keys.rsa)}&RelayState=`, keys.rsa)).toMatch(NOT_VERIFIED);
  });

  test('in the order of the binding, regardless of the order in the query; other parameters are not signed', {
    meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
  }, () => {
    const signed = signQuery(`${request}&RelayState=rs`, keys.rsa);
    const encoding = 'SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE';
    expect(outcomeOf(signed.split('&').reverse().join('&'), keys.rsa)).toBe('accepted');
    expect(outcomeOf(`lang=en&${signed.replace('&', `&${encoding}&&`)}&`, keys.rsa)).toBe('accepted');
    // A signature over another order, or over more parameters, is refused.
    expect(outcomeOf(signQuery(`RelayState=rs&${request}`, keys.rsa), keys.rsa)).toMatch(NOT_VERIFIED);
    expect(outcomeOf(signQuery(`${request}&${encoding}`, keys.rsa), keys.rsa)).toMatch(NOT_VERIFIED);
  });
});

test('a signature value may contain line breaks and unescaped +', {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  // A signature without a + would prove nothing.
  const signed = Array.from({ length: 50 }, () => signQuery(redirectQuery(authnRequest()), keys.rsa)).find((query) =>
    query.includes('%2B', query.indexOf('Signature=')),
  ) as string;
  const [before, value = ''] = signed.split('&Signature=');
  const broken = decodeURIComponent(value).replace(/.{64}/g, '$&\r\n');
  expect(outcomeOf(`${before}&Signature=${encodeURIComponent(broken)}`, keys.rsa)).toBe('accepted');
  expect(outcomeOf(`${before}&Signature=${value.replaceAll('%2B', '+')}`, keys.rsa)).toBe('accepted');
});
