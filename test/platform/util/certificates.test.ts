import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { CertificateError, readCertificates } from '../../../src/platform/util/certificates.ts';
import { makeSigningKey, toPem } from '../../support/saml/saml.ts';
import { runTool, withFiles } from '../../support/saml/xml-tools.ts';

let first: string;
let second: string;
beforeAll(async () => {
  const keys = [await makeSigningKey('EC-P256'), await makeSigningKey('RSA-2048')];
  [first = '', second = ''] = keys.map(({ signer }) => signer.certificate);
});

const asBase64 = (content: Uint8Array | string) => readCertificates(content).map(({ raw }) => raw.toString('base64'));

/** A chain as a certificate authority hands it out. */
function pkcs7(form: 'PEM' | 'DER'): Buffer {
  return withFiles({ chain: toPem(first) + toPem(second) }, (path) => {
    const options = ['-nocrl', '-certfile', path('chain'), '-outform', form, '-out', path('p7b')];
    const { status, stderr } = runTool('openssl', ['crl2pkcs7', ...options]);
    if (status !== 0) throw new Error(stderr);
    return readFileSync(path('p7b'));
  });
}

describe('certificates are read', () => {
  test('from PEM, in order, with text around and between them', () => {
    expect(asBase64(`subject=x\r\n${toPem(first)}issuer=y\n${toPem(second)}`)).toEqual([first, second]);
    expect(asBase64(`\ufeff${toPem(first).replaceAll('\n', '\r\n')}`)).toEqual([first]);
    expect(asBase64(toPem(first).replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'))).toEqual([first]);
  });

  test('from base64 without PEM lines, whatever its line breaks', () => {
    expect(asBase64(first)).toEqual([first]);
    expect(asBase64(` ${first.replace(/.{5}/g, '$&\r\n\t')}`)).toEqual([first]);
    expect(asBase64(first.replace(/=+$/, ''))).toEqual([first]);
  });

  test('from DER', () => {
    expect(asBase64(Buffer.from(first, 'base64'))).toEqual([first]);
  });

  test.each(['PEM', 'DER'] as const)('from a PKCS#7 chain in %s', (form) => {
    expect(asBase64(pkcs7(form)).toSorted()).toEqual([first, second].toSorted());
  });
});

describe('refused, with the reason', () => {
  test.each<[string, () => string | Uint8Array, string]>([
    ['nothing', () => ' \n', 'is empty'],
    ['words', () => 'hello world', 'is neither PEM nor base64'],
    ['base64 of something else', () => 'AAAA', "can't be read as an X.509 certificate"],
    ['a truncated certificate', () => first.slice(0, -40), "can't be read as an X.509 certificate"],
    ['base64 with a stray character', () => `${first.slice(0, 40)}*${first.slice(40)}`, 'is neither PEM nor base64'],
    [
      'a private key',
      () => '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      'contains no certificate',
    ],
    [
      'a PEM block without an end',
      () => toPem(first).replace('-----END', ''),
      'has a PEM block CERTIFICATE that is damaged',
    ],
    ['a damaged second block', () => toPem(first) + toPem(second).replace('MII', 'M*I'), 'that is damaged'],
    ['other bytes', () => Buffer.of(0x30, 0x80, 1, 2, 3), "can't be read as an X.509 certificate"],
  ])('%s', (_what, content, reason) => {
    expect(() => readCertificates(content())).toThrow(CertificateError);
    expect(() => readCertificates(content())).toThrow(reason);
  });
});
