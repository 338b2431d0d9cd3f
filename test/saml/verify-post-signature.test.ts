import { SAML } from '@node-saml/node-saml';
import fc from 'fast-check';
import samlify from 'samlify';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { IdpError } from '../../src/errors/idp-error.ts';
import { readAuthnRequest } from '../../src/saml/authn-request.ts';
import { BINDING_POST } from '../../src/saml/names.ts';
import { verifyPostSignature } from '../../src/saml/verify-post-signature.ts';
import { XmlError } from '../../src/saml/xml.ts';
import { authnRequest, signedMessage } from '../support/authn-request.ts';
import { TEST_SP } from '../support/installation.ts';
import { idpMetadata, type SigningKey, SSO } from '../support/saml.ts';
import { libxmlCanonicalForm } from '../support/xml-tools.ts';
import {
  DS,
  ENVELOPED,
  EXCLUSIVE,
  MORE,
  opensslKey,
  reference,
  signatureTemplate,
  transform,
  transforms,
  xmlsecSign,
} from '../support/xmlsec-signer.ts';

const curve = (name: string) => opensslKey('ec', '-pkeyopt', `ec_paramgen_curve:${name}`);
const DIGEST_384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const DIGEST_512 = 'http://www.w3.org/2001/04/xmlenc#sha512';

let keys: Record<'rsa' | 'other' | 'P-256' | 'P-384' | 'P-521', SigningKey>;
beforeAll(() => {
  keys = {
    rsa: opensslKey('rsa:2048'),
    other: opensslKey('rsa:3072'),
    'P-256': curve('P-256'),
    'P-384': curve('P-384'),
    'P-521': curve('P-521'),
  };
});

const certificatesOf = (...of: SigningKey[]) => of.map(({ signer }) => signer.certificate);
const unsigned = authnRequest({ attributes: { ID: '_good', Destination: SSO }, inside: '<samlp:NameIDPolicy/>' });
const withSignature = (signature: string, xml = unsigned) =>
  xml.replace('</saml:Issuer>', `</saml:Issuer>${signature}`);

/** A request that xmlsec1 signed, otherwise as usual. */
function signedBy(key: SigningKey, parts: Parameters<typeof signatureTemplate>[1] = {}, of = reference('#_good')) {
  return xmlsecSign(withSignature(signatureTemplate(of, parts)), key);
}

/** @returns the refusal, as its code with its detail */
function refusalOf(xml: string, certificates: readonly string[]): string {
  try {
    verifyPostSignature(xml, certificates);
  } catch (error) {
    if (error instanceof IdpError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('7 a signed POST request is accepted', () => {
  test.each([
    ['rsa-sha256', 'rsa'],
    ['rsa-sha384', 'rsa'],
    ['rsa-sha512', 'other'],
    ['ecdsa-sha256', 'P-256'],
    ['ecdsa-sha384', 'P-384'],
    ['ecdsa-sha512', 'P-521'],
    ['ecdsa-sha512', 'P-256'],
    ['ecdsa-sha256', 'P-521'],
  ] as const)('7 signed by xmlsec1 with %s, key %s (RFC 9231, 2.3.2, 2.3.6)', (method, name) => {
    const signed = signedBy(keys[name], { method: `${MORE}${method}` });
    // What is read afterwards is the message without its signature, to the byte as another canonicaliser has it.
    expect(verifyPostSignature(signed, certificatesOf(keys[name]))).toBe(libxmlCanonicalForm(unsigned));
  });

  test.each([DIGEST_384, DIGEST_512])('7 with the digest %s (XML Signature 1.1, 6.2)', (digest) => {
    const signed = signedBy(keys.rsa, {}, reference('#_good', undefined, digest));
    expect(verifyPostSignature(signed, certificatesOf(keys.rsa))).toBe(libxmlCanonicalForm(unsigned));
  });

  test.each(['sha256', 'sha512'] as const)(
    '7 as node-saml signs it with %s (SAML Bindings 3.5.4)',
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

  test('7 as samlify signs it (SAML Bindings 3.5.4)', async () => {
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
      'with prefixes that count as used (Exclusive C14N 1.0, 4)',
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
      'with prefixes that count as used in SignedInfo',
      { inside: `<i:InclusiveNamespaces xmlns:i="${EXCLUSIVE}" PrefixList="saml samlp"/>` },
      reference('#_good'),
    ],
  ])('7 %s (XML Signature 1.1, 4)', (_what, parts, of) => {
    const signed = verifyPostSignature(signedBy(keys.rsa, parts, of), certificatesOf(keys.rsa));
    expect(readAuthnRequest(signed)).toMatchObject({ id: '_good', destination: SSO, signed: false });
  });

  test('7 indented, with line breaks of Windows, and without a prefix (XML Signature 1.1, 4)', () => {
    const template = signatureTemplate(reference('#_good'))
      .replaceAll('ds:', '')
      .replace(':ds=', '=')
      .replaceAll('><', '>\r\n  <');
    const signed = xmlsecSign(withSignature(template), keys.rsa).replaceAll('\n', '\r\n');
    expect(verifyPostSignature(signed, certificatesOf(keys.rsa))).toBe(libxmlCanonicalForm(unsigned));
  });

  test('7 by any of the certificates that are registered, wherever it stands among them (SAML Metadata 2.4.1.1)', () => {
    const all = [keys.other, keys['P-256'], keys.rsa, keys['P-384']];
    const certificates = certificatesOf(...all);
    for (const [index, key] of all.entries()) {
      const signed = signedMessageOf(key);
      expect(verifyPostSignature(signed, certificates)).toBe(libxmlCanonicalForm(unsigned));
      expect(refusalOf(signed, certificates.toSpliced(index, 1))).toMatch(
        /^signature_invalid: .* does not verify with/,
      );
    }
  });
});

const signedMessageOf = (key: SigningKey) =>
  signedBy(key, { method: `${MORE}${key.signer.algorithm === 'rsa-sha256' ? 'rsa' : 'ecdsa'}-sha256` });

describe('31 a signature of another kind is refused before any key is tried', () => {
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
    ['a word of JavaScript', '__proto__'],
    ['another word of JavaScript', 'constructor'],
    ['none', ''],
  ])('31 %s: the refusal names it, and what is accepted (SAML Core 5.4; project rule)', (_what, method) => {
    const signed = signedMessageOf(keys.rsa).replace(`${MORE}rsa-sha256`, method);
    // No certificate is registered either, but that is not what is told.
    const refusal = refusalOf(signed, []);
    expect(refusal).toContain(
      'signature_algorithm_refused: Signature algorithm: expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512',
    );
    expect(refusal).toContain(`found "${method}"`);
  });

  test('31 RSA with SHA-1 is refused although the registered key made it, with a word on the remedy (project rule)', () => {
    const signed = signedMessage(unsigned, keys.rsa, `${DS}rsa-sha1`);
    expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(
      /^signature_algorithm_refused: .*rsa-sha1", whose SHA-1 can be forged: have the Service Provider sign with SHA-256$/,
    );
  });

  test.each([`${DS}sha1`, `${MORE}md5`, `${MORE}sha224`, `${MORE}rsa-sha256`, ''])(
    '31 a digest by "%s" is refused under a signature that is good (XML Signature 1.1, 6.2; project rule)',
    (digest) => {
      const made = signedMessageOf(keys.rsa).replace('2001/04/xmlenc#sha256', '2001/04/xmlenc#ripemd160');
      const signed = digest.endsWith('#sha1')
        ? signedBy(keys.rsa, {}, reference('#_good', undefined, digest))
        : made.replace('http://www.w3.org/2001/04/xmlenc#ripemd160', digest);
      expect(refusalOf(signed, certificatesOf(keys.rsa))).toContain(
        `signature_algorithm_refused: Digest algorithm: expected SHA-256, SHA-384 or SHA-512; found "${digest}"`,
      );
    },
  );

  test('31 HMAC whose secret is the public certificate, in each of its forms, is refused (XML Signature 1.1, 6.3.1)', () => {
    const { certificatePem, signer, keyPair } = keys.rsa;
    const secrets = [
      certificatePem,
      signer.certificate,
      Buffer.from(signer.certificate, 'base64'),
      keyPair.publicKey.export({ type: 'spki', format: 'pem' }),
      keyPair.publicKey.export({ type: 'spki', format: 'der' }),
    ];
    for (const method of [`${DS}hmac-sha1`, `${MORE}hmac-sha256`]) {
      for (const secret of secrets) {
        const forged = xmlsecSign(withSignature(signatureTemplate(reference('#_good'), { method })), keys.rsa, secret);
        expect(refusalOf(forged, [signer.certificate])).toMatch(/^signature_algorithm_refused: .*hmac/);
      }
    }
  });
});

describe('31 a signature by another key is refused', () => {
  test('31 although its own certificate is in KeyInfo (SAML Core 5.4.5)', () => {
    const signed = signedMessage(unsigned, keys.other);
    expect(signed).toContain(keys.other.signer.certificate);
    expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(/^signature_invalid: .* does not verify with/);
    // The registered one in KeyInfo does not help either.
    const disguised = signed.replace(keys.other.signer.certificate, keys.rsa.signer.certificate);
    expect(refusalOf(disguised, certificatesOf(keys.rsa))).toMatch(/^signature_invalid: .* does not verify with/);
  });

  test('31 although its bare public key is in KeyInfo (SAML Core 5.4.5)', () => {
    const { n, e } = keys.other.keyPair.publicKey.export({ format: 'jwk' });
    const plain = (text = '') => Buffer.from(text, 'base64url').toString('base64');
    const after = `<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${plain(n)}</ds:Modulus><ds:Exponent>${plain(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>`;
    expect(refusalOf(signedBy(keys.other, { after }), certificatesOf(keys.rsa))).toMatch(/^signature_invalid/);
  });

  test('31 and where no certificate is registered, that is said (project rule)', () => {
    expect(refusalOf(signedMessageOf(keys.rsa), [])).toMatch(/^signature_invalid: .* no certificate is registered$/);
  });

  test.each([
    [
      'RSA',
      'rsa',
      'P-256',
      /with an RSA key of at least 2048 bits, as its algorithm says; found none such among the 1/,
    ],
    ['ECDSA', 'P-256', 'rsa', /with an elliptic key, as its algorithm says; found none such among the 1/],
  ] as const)(
    '31 a key is never taken for another kind of key: %s (XML Signature 1.1, 6.4)',
    (_algorithm, signing, registered, detail) => {
      expect(refusalOf(signedMessageOf(keys[signing]), certificatesOf(keys[registered]))).toMatch(detail);
    },
  );

  test('31 a key of 1,024 bits is too weak, registered or not (project rule)', () => {
    const weak = opensslKey('rsa:1024');
    expect(refusalOf(signedMessageOf(weak), certificatesOf(weak))).toMatch(/an RSA key of at least 2048 bits/);
  });

  test('31 ECDSA in DER is no r||s (XML Signature 1.1, 6.4.3)', () => {
    const key = keys['P-256'];
    const signed = signedMessageOf(key);
    const value = /<ds:SignatureValue>([^<]*)</.exec(signed)?.[1] ?? '';
    const half = (bytes: Buffer) => Buffer.concat([Buffer.from([2, bytes.length + 1, 0]), bytes]);
    const raw = Buffer.from(value, 'base64');
    const body = Buffer.concat([half(raw.subarray(0, 32)), half(raw.subarray(32))]);
    const der = Buffer.concat([Buffer.from([0x30, body.length]), body]);
    const encoded = signed.replace(value, der.toString('base64'));
    expect(refusalOf(encoded, certificatesOf(key))).toMatch(/^signature_invalid: .* does not verify with/);
  });
});

test.each([
  ['nothing', ''],
  ['a character of another alphabet', 'QUJ!'],
  ['base64url', '-_-_'],
  ['no padding', 'QUI'],
  ['padding in the middle', 'QQ==QUJD'],
  ['bits that say nothing', 'QUJ='],
])('31 a value or a digest of %s is refused (XML Signature 1.1, 4.3; RFC 4648, 3)', (_what, text) => {
  const signed = signedMessageOf(keys.rsa);
  for (const name of ['SignatureValue', 'DigestValue']) {
    const changed = signed.replace(new RegExp(`(<ds:${name}>)[^<]*`), `$1${text}`);
    expect(refusalOf(changed, certificatesOf(keys.rsa))).toMatch(`expected base64 in ${name}`);
  }
});

test('31 a changed message and a foreign key are told apart (project rule)', () => {
  const changed = signedMessageOf(keys.rsa).replace(SSO, `${SSO}X`);
  expect(refusalOf(changed, certificatesOf(keys.rsa))).toMatch(
    /found one with another digest: it was changed afterwards$/,
  );
});

test('7, 31 with any one bit flipped, it is refused, or says what was signed (SAML Core 5.4; XML Signature 3.2)', () => {
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
  // A good part of the message is KeyInfo, which the signature does not cover.
  expect(outcomes.refused).toBeGreaterThan(200);
  expect(outcomes.same).toBeGreaterThan(50);
});

test('15, 100 a signed message has a size at which verifying stays quick (project rule)', () => {
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
    expect(refusalOf(inside(shape(950)), certificates)).toBe('accepted');
    expect(refusalOf(inside(shape(1000)), certificates)).toMatch(/^saml_request_too_large: .* 1000 elements/);
  }
});

test('32 what two parsers read differently is refused, and nothing is said on the console (project rule)', () => {
  const inside = '<samlp:Extensions><\u{10000} xmlns="urn:x"/></samlp:Extensions>';
  const signed = xmlsecSign(
    withSignature(signatureTemplate(reference('#_good')), authnRequest({ attributes: { ID: '_good' }, inside })),
    keys.rsa,
  );
  const said = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));
  expect(refusalOf(signed, certificatesOf(keys.rsa))).toMatch(/expected XML as every parser reads it/);
  for (const spy of said) expect(spy).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
