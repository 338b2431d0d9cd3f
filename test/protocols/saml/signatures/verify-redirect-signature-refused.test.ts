import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SigningKey } from '../../../support/saml/saml.ts';
import { DS, MORE, opensslKey } from '../../../support/saml/xmlsec-signer.ts';
import { curve, NOT_BASE64 } from './signed-post.ts';
import { NOT_VERIFIED, outcomeOf, request, signQuery } from './signed-query.ts';

let keys: Record<'rsa' | 'P-256' | 'P-384' | 'P-521', SigningKey>;
beforeAll(() => {
  keys = { rsa: opensslKey('rsa:2048'), 'P-256': curve('P-256'), 'P-384': curve('P-384'), 'P-521': curve('P-521') };
});

describe('a signature is refused', () => {
  test.each([
    [
      'SHA-1',
      `${DS}rsa-sha1`,
      /found ".*rsa-sha1", but SHA-1 signatures can be forged: have the Service Provider sign with SHA-256$/,
    ],
    ['ECDSA with SHA-1', `${MORE}ecdsa-sha1`, /ecdsa-sha1", but SHA-1 signatures can be forged/],
    ['DSA', `${DS}dsa-sha1`, /dsa-sha1"/],
    ['MD5', `${MORE}rsa-md5`, /rsa-md5"/],
    ['HMAC', `${MORE}hmac-sha256`, /hmac-sha256"/],
    ['RSA-PSS', 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', /sha256-rsa-MGF1"/],
    ['an unknown algorithm', 'urn:x', /"urn:x"/],
    ['an upper-case algorithm', `${MORE}RSA-SHA256`, /RSA-SHA256"/],
    ['a JavaScript property name', '__proto__', /"__proto__"/],
    ['no algorithm', '', /""/],
  ])(
    'with %s before any key is tried; the refusal names it and the accepted algorithms',
    { meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1; project rule' } },
    (_what, method, found) => {
      const refusal = outcomeOf(signQuery(request, keys.rsa, { method }));
      expect(refusal).toMatch(
        /^signature_algorithm_refused: Signature algorithm: expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512; found/,
      );
      expect(refusal).toMatch(found);
    },
  );

  test.each(['SAMLRequest', 'SigAlg', 'Signature'])(
    'without %s',
    { meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1' } },
    (name) => {
      const without = signQuery(request, keys.rsa)
        .split('&')
        .filter((pair) => !pair.startsWith(`${name}=`));
      expect(outcomeOf(without.join('&'), keys.rsa)).toBe(
        `signature_invalid: Signature: expected the parameters SAMLRequest, SigAlg and Signature together; found no ${name}`,
      );
    },
  );

  test.each(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])(
    'if %s comes twice, in any encoding',
    { meta: { holds: ['IDP-025', 'IDP-031'], source: 'project rule' } },
    (name) => {
      const signed = signQuery(`${request}&RelayState=rs`, keys.rsa);
      const pair = signed.split('&').find((part) => part.startsWith(`${name}=`)) ?? '';
      const disguised = pair.replace(/^./, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
      for (const more of [pair, disguised]) {
        expect(outcomeOf(`${signed}&${more}`, keys.rsa)).toMatch(/^signature_invalid: .*each parameter once/);
      }
    },
  );

  test('if no certificate is registered, and the error says so', {
    meta: { holds: ['IDP-031'], source: 'project rule' },
  }, () => {
    expect(outcomeOf(signQuery(request, keys.rsa))).toMatch(/^signature_invalid: .* no certificate is registered$/);
  });

  test('if the key does not fit the algorithm or is too short', {
    meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 6.4; project rule' },
  }, () => {
    const weak = opensslKey('rsa:1024');
    expect(outcomeOf(signQuery(request, weak), weak)).toMatch(
      /with an RSA key of at least 2048 bits.* found none of that kind among the 1/,
    );
    expect(outcomeOf(signQuery(request, keys['P-256'], { method: `${MORE}rsa-sha256` }), keys['P-256'])).toMatch(
      /an RSA key/,
    );
    expect(outcomeOf(signQuery(request, keys.rsa, { method: `${MORE}ecdsa-sha256` }), keys.rsa)).toMatch(
      /an elliptic curve key/,
    );
    expect(outcomeOf(signQuery(request, keys.rsa, { method: `${MORE}rsa-sha512` }), keys.rsa)).toMatch(NOT_VERIFIED);
  });

  test.each([...NOT_BASE64, ['NUL', 'QUJD\0']])(
    'if it has %s and is not strict base64',
    { meta: { holds: ['IDP-031'], source: 'RFC 4648, 3' } },
    (_what, value) => {
      const changed = signQuery(request, keys.rsa).replace(/Signature=.*/, `Signature=${encodeURIComponent(value)}`);
      expect(outcomeOf(changed, keys.rsa)).toBe('signature_invalid: Signature: expected base64; found something else');
    },
  );
});

test('with any single bit of the signed query or the signature flipped', {
  meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  const signed = Buffer.from(signQuery(`${request}&RelayState=a%2Fb`, keys['P-256']));
  fc.assert(
    fc.property(fc.nat(signed.length - 1), fc.nat(6), (at, bit) => {
      const flipped = Buffer.from(signed);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
      const query = flipped.toString('latin1');
      let outcome: string;
      try {
        outcome = outcomeOf(query, keys['P-256']);
      } catch (error) {
        // Escapes that the parameter reader refuses anyway.
        expect(error).toBeInstanceOf(URIError);
        return;
      }
      // An escape may change case without changing the value.
      if (outcome === 'accepted') expect(decodeURIComponent(query)).toBe(decodeURIComponent(signed.toString()));
      else expect(outcome).toMatch(/^signature_(invalid|algorithm_refused)/);
    }),
    { seed: 8, numRuns: 1000 },
  );
});
