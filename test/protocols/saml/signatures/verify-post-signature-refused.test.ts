import { beforeAll, describe, expect, test } from 'vitest';
import { signedMessage } from '../../../support/saml/authn-request.ts';
import { type SigningKey, SSO } from '../../../support/saml/saml.ts';
import {
  DS,
  MORE,
  opensslKey,
  reference,
  SHA_256,
  signatureTemplate,
  xmlsecSign,
} from '../../../support/saml/xmlsec-signer.ts';
import { afterIssuer, certificatesOf, curve, NOT_BASE64, refusalOf, sign, signedBy, unsigned } from './signed-post.ts';

let keys: Record<'rsa' | 'other' | 'P-256', SigningKey>;
beforeAll(() => {
  keys = {
    rsa: opensslKey('rsa:2048'),
    other: opensslKey('rsa:2048'),
    'P-256': curve('P-256'),
  };
});

describe('a signature with another algorithm is refused before any key is tried', () => {
  test.each([
    ['RSA with SHA-1', `${DS}rsa-sha1`],
    ['RSA with RIPEMD-160', `${MORE}rsa-ripemd160`],
    ['RSA with MD5', `${MORE}rsa-md5`],
    ['RSA with SHA-224', `${MORE}rsa-sha224`],
    ['RSA-PSS', 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1'],
    ['ECDSA with SHA-1', `${MORE}ecdsa-sha1`],
    ['DSA', `${DS}dsa-sha1`],
    ['HMAC', `${DS}hmac-sha1`],
    ['HMAC with SHA-256', `${MORE}hmac-sha256`],
    ['an unknown one', 'urn:x'],
    ['a JavaScript property name', '__proto__'],
    ['another JavaScript property name', 'constructor'],
    ['none', ''],
  ])(
    '%s: the refusal names it and the accepted algorithms',
    { meta: { holds: ['IDP-031'], source: 'SAML Core 5.4; project rule' } },
    (_what, method) => {
      const signed = signedBy(keys.rsa).replace(`${MORE}rsa-sha256`, method);
      // No certificate is registered either, but that is not the error reported.
      const refusal = refusalOf(signed, []);
      expect(refusal).toContain(
        'signature_algorithm_refused: Signature algorithm: expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512',
      );
      expect(refusal).toContain(`found "${method}"`);
    },
  );

  test('RSA with SHA-1 is refused even if the registered key made it, with the remedy', {
    meta: { holds: ['IDP-031'], source: 'project rule' },
  }, () => {
    const signed = signedMessage(unsigned, keys.rsa, `${DS}rsa-sha1`);
    expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(
      /^signature_algorithm_refused: .*rsa-sha1", but SHA-1 signatures can be forged: have the Service Provider sign with SHA-256$/,
    );
  });

  test.each([`${DS}sha1`, `${MORE}md5`, `${MORE}sha224`, `${MORE}rsa-sha256`, ''])(
    'the digest "%s" is refused even under a valid signature',
    { meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 6.2; project rule' } },
    (digest) => {
      const signed = digest.endsWith('#sha1')
        ? sign(keys.rsa, signatureTemplate(reference('#_good', undefined, digest)))
        : signedBy(keys.rsa).replace(SHA_256, digest);
      expect(refusalOf(signed, certificatesOf(keys.rsa))).toContain(
        `signature_algorithm_refused: Digest algorithm: expected SHA-256, SHA-384 or SHA-512; found "${digest}"`,
      );
    },
  );

  test('HMAC with the public certificate as its secret is refused, in each of the certificate’s forms', {
    meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 6.3.1' },
  }, () => {
    const { certificatePem, signer, keyPair } = keys.rsa;
    const secrets = [
      certificatePem,
      signer.certificate,
      Buffer.from(signer.certificate, 'base64'),
      keyPair.publicKey.export({ type: 'spki', format: 'pem' }),
      keyPair.publicKey.export({ type: 'spki', format: 'der' }),
    ];
    for (const method of [`${DS}hmac-sha1`, `${MORE}hmac-sha256`]) {
      const template = signatureTemplate(reference('#_good'), { method });
      for (const secret of secrets) {
        const forged = xmlsecSign(afterIssuer(unsigned, template), keys.rsa, secret);
        expect(refusalOf(forged, [signer.certificate])).toMatch(/^signature_algorithm_refused: .*hmac/);
      }
    }
  });
});

describe('a signature by another key is refused', () => {
  test('even if its certificate is in KeyInfo', {
    meta: { holds: ['IDP-031'], source: 'SAML Core 5.4.5' },
  }, () => {
    const signed = signedMessage(unsigned, keys.other);
    expect(signed).toContain(keys.other.signer.certificate);
    expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(/^signature_invalid: .* does not verify with/);
    // The registered one in KeyInfo does not help either.
    const disguised = signed.replace(keys.other.signer.certificate, keys.rsa.signer.certificate);
    expect(refusalOf(disguised, certificatesOf(keys.rsa))).toMatch(/^signature_invalid: .* does not verify with/);
  });

  test('even if its bare public key is in KeyInfo', {
    meta: { holds: ['IDP-031'], source: 'SAML Core 5.4.5' },
  }, () => {
    const { n, e } = keys.other.keyPair.publicKey.export({ format: 'jwk' });
    const plain = (text = '') => Buffer.from(text, 'base64url').toString('base64');
    const after = `<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${plain(n)}</ds:Modulus><ds:Exponent>${plain(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>`;
    expect(
      refusalOf(sign(keys.other, signatureTemplate(reference('#_good'), { after })), certificatesOf(keys.rsa)),
    ).toMatch(/^signature_invalid/);
  });

  test('and if no certificate is registered, the error says so', {
    meta: { holds: ['IDP-031'], source: 'project rule' },
  }, () => {
    expect(refusalOf(signedBy(keys.rsa), [])).toMatch(/^signature_invalid: .* no certificate is registered$/);
  });

  test.each([
    [
      'RSA',
      'rsa',
      'P-256',
      /with an RSA key of at least 2048 bits, as the signature algorithm requires; found none of that kind among the 1/,
    ],
    [
      'ECDSA',
      'P-256',
      'rsa',
      /with an elliptic curve key, as the signature algorithm requires; found none of that kind among the 1/,
    ],
  ] as const)(
    'a key is never used as another type of key: %s',
    { meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 6.4' } },
    (_algorithm, signing, registered, detail) => {
      expect(refusalOf(signedBy(keys[signing]), certificatesOf(keys[registered]))).toMatch(detail);
    },
  );

  test('a key of 1,024 bits is too weak, registered or not', {
    meta: { holds: ['IDP-031'], source: 'project rule' },
  }, () => {
    const weak = opensslKey('rsa:1024');
    expect(refusalOf(signedBy(weak), certificatesOf(weak))).toMatch(/an RSA key of at least 2048 bits/);
  });

  test('ECDSA in DER instead of r||s is refused', {
    meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 6.4.3' },
  }, () => {
    const key = keys['P-256'];
    const signed = signedBy(key);
    const value = /<ds:SignatureValue>([^<]*)</.exec(signed)?.[1] ?? '';
    const half = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes]);
    const raw = Buffer.from(value, 'base64');
    const body = Buffer.concat([half(raw.subarray(0, 32)), half(raw.subarray(32))]);
    const der = Buffer.concat([Buffer.from([0x30, body.length]), body]);
    const encoded = signed.replace(value, der.toString('base64'));
    expect(refusalOf(encoded, certificatesOf(key))).toMatch(/^signature_invalid: .* does not verify with/);
  });
});

test.each(NOT_BASE64)(
  'a value or digest with %s is refused',
  { meta: { holds: ['IDP-031'], source: 'XML Signature 1.1, 4.3; RFC 4648, 3' } },
  (_what, text) => {
    const signed = signedBy(keys.rsa);
    for (const name of ['SignatureValue', 'DigestValue']) {
      const changed = signed.replace(new RegExp(`(<ds:${name}>)[^<]*`), `$1${text}`);
      expect(refusalOf(changed, certificatesOf(keys.rsa))).toMatch(`expected base64 in ${name}`);
    }
  },
);

test('a changed message and a foreign key are reported differently', {
  meta: { holds: ['IDP-031'], source: 'project rule' },
}, () => {
  const changed = signedBy(keys.rsa).replace(SSO, `${SSO}X`);
  expect(refusalOf(changed, certificatesOf(keys.rsa))).toMatch(
    /found a different digest: the message was changed after signing$/,
  );
});
