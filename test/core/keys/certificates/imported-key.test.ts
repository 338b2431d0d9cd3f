import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkFitness, readPem, readPkcs12 } from '../../../../src/core/keys/certificates/imported-key.ts';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { readCertificates } from '../../../../src/platform/util/certificates.ts';
import { runTool, withFiles } from '../../../support/saml/xml-tools.ts';

/** A key with its certificate as made by OpenSSL, in every format that it writes. */
interface Made {
  readonly key: string;
  readonly encryptedKey: string;
  readonly certificate: string;
  readonly pkcs12: Buffer;
  readonly legacyPkcs12: Buffer;
}

/** PKCS#12 writers do not agree on how to encode non-ASCII passphrases. */
const PASSPHRASE = 'correct horse: battery & staple';

function make(algorithm: readonly string[], digest = '-sha256'): Made {
  return withFiles({ passphrase: PASSPHRASE }, (path) => {
    const openssl = (...args: string[]) => {
      const { status, stderr } = runTool('openssl', args);
      if (status !== 0) throw new Error(stderr);
    };
    const [key, certificate] = [path('key.pem'), path('certificate.pem')];
    openssl(
      'req',
      '-x509',
      '-newkey',
      ...algorithm,
      '-noenc',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '30',
      '-subj',
      '/CN=x',
      digest,
    );
    openssl('pkcs8', '-topk8', '-in', key, '-out', path('encrypted.pem'), '-passout', `file:${path('passphrase')}`);
    const pack = (out: string, ...more: string[]) =>
      openssl(
        'pkcs12',
        '-export',
        '-inkey',
        key,
        '-in',
        certificate,
        '-out',
        path(out),
        '-passout',
        `file:${path('passphrase')}`,
        ...more,
      );
    pack('modern.p12');
    pack('legacy.p12', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1');
    const text = (name: string) => readFileSync(path(name), 'utf8');
    return {
      key: text('key.pem'),
      encryptedKey: text('encrypted.pem'),
      certificate: text('certificate.pem'),
      pkcs12: readFileSync(path('modern.p12')),
      legacyPkcs12: readFileSync(path('legacy.p12')),
    };
  });
}

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
let rsa: Made;
let ec: Made;
beforeAll(() => {
  rsa = make(['rsa:2048']);
  ec = make(P256);
});
const DAY = 86_400_000;
/** Made today for thirty days, so it is valid tomorrow. */
const tomorrow = Date.now() + DAY;

describe.each([
  ['RSA', () => rsa],
  ['EC', () => ec],
])('a key of type %s made by OpenSSL', (_kind, made) => {
  test('is read from PEM, plain or encrypted, in any order', {
    meta: { holds: ['IDP-090'], source: 'RFC 7468' },
  }, () => {
    const { key, encryptedKey, certificate } = made();
    const plain = readPem(key + certificate, undefined);
    expect(plain.certificate.checkPrivateKey(plain.privateKey)).toBe(true);
    expect(plain.certificate.toString()).toBe(certificate);
    expect(readPem(certificate + key, undefined).privateKey.equals(plain.privateKey)).toBe(true);
    expect(readPem(encryptedKey + certificate, PASSPHRASE).privateKey.equals(plain.privateKey)).toBe(true);
    expect(() => checkFitness(plain.certificate, tomorrow)).not.toThrow();
  });

  test('is read from PKCS#12 with current and legacy ciphers', {
    meta: { holds: ['IDP-090'], source: 'RFC 7292' },
  }, () => {
    const { key, certificate, pkcs12, legacyPkcs12 } = made();
    for (const file of [pkcs12, legacyPkcs12]) {
      const given = readPkcs12(file, PASSPHRASE);
      expect(given.privateKey.equals(readPem(key + certificate, undefined).privateKey)).toBe(true);
      expect(given.certificate.toString()).toBe(certificate);
    }
  });

  test('is refused with a wrong passphrase or none', {
    meta: { holds: ['IDP-090'], source: 'project rule' },
  }, () => {
    const { encryptedKey, certificate, pkcs12 } = made();
    expect(() => readPem(encryptedKey + certificate, 'wrong')).toThrow(
      /it contains no readable private key, or the passphrase is wrong/,
    );
    expect(() => readPem(encryptedKey + certificate, undefined)).toThrow(
      /the private key is encrypted; provide its passphrase/,
    );
    expect(() => readPkcs12(pkcs12, 'wrong')).toThrow(/the passphrase is wrong, or the PKCS#12 file is damaged/);
    expect(() => readPkcs12(pkcs12, undefined)).toThrow(/the PKCS#12 file is sealed; provide its passphrase/);
  });
});

test('the key’s own certificate is taken from a chain', {
  meta: { holds: ['IDP-090'], source: 'project rule' },
}, () => {
  const given = readPem(ec.certificate + rsa.certificate + rsa.key, undefined);
  expect(given.certificate.toString()).toBe(rsa.certificate);
  expect(readCertificates(ec.certificate + rsa.certificate)).toHaveLength(2);
});

describe('unusable keys and certificates are refused with the reason', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'a certificate of another key',
      () => readPem(rsa.key + ec.certificate, undefined),
      /does not match the private key/,
    ],
    ['a key alone', () => readPem(rsa.key, undefined), /it contains no certificate/],
    ['a certificate alone', () => readPem(rsa.certificate, undefined), /it contains no readable private key/],
    ['nothing', () => readPem('', undefined), /it contains no readable private key/],
    [
      'a damaged certificate',
      () => readPem(`${rsa.key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, undefined),
      /it can't be read as an X\.509 certificate/,
    ],
    [
      'a file that is not PKCS#12',
      () => readPkcs12(Buffer.from('hello'), PASSPHRASE),
      /neither PEM nor a PKCS#12 file/,
    ],
    ['an empty PKCS#12', () => readPkcs12(Buffer.of(), ''), /neither PEM nor a PKCS#12 file/],
  ])('%s', { meta: { holds: ['IDP-090'], source: 'project rule' } }, (_what, attempt, reason) => {
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow(/^The key can't be imported: /);
  });

  test('without affecting the next key read', {
    meta: { holds: ['IDP-090'], source: 'project rule' },
  }, () => {
    for (const [key, certificate] of [
      [rsa.key, ec.certificate],
      [ec.key, rsa.certificate],
    ] as const) {
      expect(() => readPem(key + certificate, undefined)).toThrow(/does not match the private key/);
      expect(() => createPrivateKey(key)).not.toThrow();
    }
  });

  test('a certificate that has expired or is not valid yet', {
    meta: { holds: ['IDP-090'], source: 'project rule' },
  }, () => {
    const [certificate] = readCertificates(rsa.certificate);
    if (certificate === undefined) throw new Error('no certificate');
    const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    expect(() => checkFitness(certificate, to)).toThrow(/the certificate expired on \d{4}-/);
    expect(() => checkFitness(certificate, tomorrow + 30 * DAY)).toThrow(/the certificate expired on/);
    expect(() => checkFitness(certificate, from - 1)).toThrow(/the certificate is not valid before/);
    for (const good of [from, to - 1]) expect(() => checkFitness(certificate, good)).not.toThrow();
  });

  test.each([
    ['under 2,048 bits', ['rsa:1024'], '-sha256', /the RSA key has 1024 bits; it must have at least 2048/],
    ['signed with SHA-1', ['rsa:2048'], '-sha1', /signed with sha1WithRSAEncryption; it must use SHA-256 or better/],
    ['on an elliptic curve, signed with SHA-1', P256, '-sha1', /signed with ecdsa-with-SHA1/],
    [
      'on another curve',
      ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
      '-sha256',
      /of type ec secp384r1; it must be/,
    ],
    ['of another type', ['ed25519'], '-sha256', /of type ed25519 ?; it must be RSA, or EC on P-256/],
  ])('one %s', { meta: { holds: ['IDP-090'], source: 'project rule' } }, (_what, algorithm, digest, reason) => {
    const { certificate } = readPem(Object.values(pick(make(algorithm, digest))).join(''), undefined);
    expect(() => checkFitness(certificate, tomorrow)).toThrow(reason);
  });
});

const pick = ({ key, certificate }: Made) => ({ key, certificate });
