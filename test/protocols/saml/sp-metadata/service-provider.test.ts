import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import {
  isAcceptableUrl,
  isLoopback,
  normalizeCertificate,
} from '../../../../src/protocols/saml/sp-metadata/service-provider.ts';
import { serviceProviderByHand } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { makeSigningKey, toPem } from '../../../support/saml/saml.ts';

let first: string;
let second: string;
beforeAll(async () => {
  const keys = await Promise.all([makeSigningKey('EC-P256'), makeSigningKey('EC-P256')]);
  [first, second] = [keys[0].signer.certificate, keys[1].signer.certificate];
});

describe('loopback', () => {
  test.each(['localhost', 'a.localhost', 'a.b.localhost', '127.0.0.1', '127.255.255.254', '[::1]'])(
    '%s is localhost (RFC 6761, 6.3)',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(isAcceptableUrl(`http://${host}:8080/acs?a=1`)).toBe(true);
    },
  );

  test.each([
    'localhost.example',
    'notlocalhost',
    '128.0.0.1',
    '127.0.0.1.example',
    '[::2]',
    '0.0.0.0',
    '10.0.0.1',
    'example.com',
  ])('%s is not localhost', (host) => {
    expect(isLoopback(host)).toBe(false);
    expect(isAcceptableUrl(`http://${host}/acs`)).toBe(false);
    expect(isAcceptableUrl(`https://${host}/acs`)).toBe(true);
  });
});

test('line breaks do not matter in a certificate, and other text is not accepted as one', () => {
  expect(normalizeCertificate(first)).toBe(first);
  expect(normalizeCertificate(` ${first.replace(/.{5}/g, '$&\r\n\t')}`)).toBe(first);
  for (const text of ['', 'AAAA', first.slice(0, -20), first.slice(20), 'hello world']) {
    expect(normalizeCertificate(text)).toBeUndefined();
  }
});

describe('a Service Provider entered by hand', () => {
  const given = { entityId: 'urn:sp', acsUrls: ['https://sp.example/a', 'http://localhost/b'] };

  test('keeps its ACS URLs in order, the first as the default; certificates may be PEM or base64', () => {
    const provider = serviceProviderByHand({
      ...given,
      signingCertificates: [toPem(first), second],
      encryptionCertificates: [first],
    });
    expect(provider).toEqual({
      entityId: 'urn:sp',
      acs: [
        { url: 'https://sp.example/a', index: 0, isDefault: true },
        { url: 'http://localhost/b', index: 1, isDefault: false },
      ],
      signingCertificates: [first, second],
      encryptionCertificates: [first],
      wantEncryption: true,
      encryptionMethods: [],
      authnRequestsSigned: false,
      wantAssertionsSigned: false,
      nameIdFormats: [],
    });
    expect(
      serviceProviderByHand({ ...given, signingCertificates: [], encryptionCertificates: [] }).wantEncryption,
    ).toBe(false);
  });

  test.each([
    [
      { acsUrls: ['javascript:alert(1)'] },
      'acs.0 "javascript:alert(1)": must be an https URL without user, password or fragment',
    ],
    [
      { signingCertificates: ['x'] },
      "spCertificates.0: can't be read as X.509. It must be one certificate, PEM or base64 DER.",
    ],
    [{ encryptionCertificates: [''] }, "spEncryptionCertificates.0: can't be read as X.509."],
  ])('%j is refused, naming the wrong field', (wrong, message) => {
    const provider = { ...given, signingCertificates: [], encryptionCertificates: [], ...wrong };
    expect(() => serviceProviderByHand(provider)).toThrow(InputError);
    expect(() => serviceProviderByHand(provider)).toThrow(message);
  });
});
