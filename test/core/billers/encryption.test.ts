import { beforeAll, describe, expect, test } from 'vitest';
import { encryptionFor } from '../../../src/core/billers/encryption.ts';
import type { BillerSettings } from '../../../src/core/billers/settings.ts';
import type { ServiceProvider } from '../../../src/protocols/saml/sp-metadata/service-provider.ts';
import { makeSigningKey } from '../../support/saml/saml.ts';
import { newBiller } from './biller.ts';

const GCM_256 = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
const GCM_128 = 'http://www.w3.org/2009/xmlenc11#aes128-gcm';
const CBC_256 = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';
const OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
const OAEP_11 = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';
const AES_192_GCM = 'http://www.w3.org/2009/xmlenc11#aes192-gcm';
const SHA_256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
const SHA_384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const MGF_256 = 'http://www.w3.org/2009/xmlenc11#mgf1sha256';
const RSA_1_5 = 'http://www.w3.org/2001/04/xmlenc#rsa-1_5';

let rsa: string;
let signing: string;
let ec: string;
beforeAll(async () => {
  [rsa, signing, ec] = [
    (await makeSigningKey('RSA-2048')).signer.certificate,
    (await makeSigningKey('RSA-2048')).signer.certificate,
    (await makeSigningKey('EC-P256')).signer.certificate,
  ];
});

function chosen(encrypt: BillerSettings['encrypt'], provider: Partial<ServiceProvider>, algorithm?: string) {
  const { settings, serviceProvider } = newBiller({ encrypt, ...(algorithm && { encryptionAlgorithm: algorithm }) });
  return encryptionFor({ settings, serviceProvider: { ...serviceProvider, ...provider } });
}

describe('an assertion is encrypted', () => {
  test('if the SP metadata has a certificate marked for encryption, not just one for any use', {
    meta: { holds: ['IDP-060'], source: 'SAML Metadata 2.4.1.1' },
  }, () => {
    const encryptionCertificates = [rsa];
    expect(chosen('as-metadata', { encryptionCertificates, wantEncryption: true })).toEqual({
      certificate: rsa,
      dataAlgorithm: 'aes256-gcm',
      keyTransport: 'rsa-oaep-mgf1p',
      digest: 'sha1',
      mask: 'sha1',
    });
    expect(chosen('as-metadata', { encryptionCertificates, wantEncryption: false })).toBeUndefined();
  });

  test('or as the biller’s setting says, regardless of the metadata', {
    meta: { holds: ['IDP-060'], source: 'project rule' },
  }, () => {
    expect(chosen('always', { encryptionCertificates: [rsa] })).toMatchObject({ certificate: rsa });
    expect(chosen('never', { encryptionCertificates: [rsa], wantEncryption: true })).toBeUndefined();
  });

  test('never with a certificate marked for signing', {
    meta: { holds: ['IDP-060'], source: 'SAML Metadata 2.4.1.1' },
  }, () => {
    const provider = { signingCertificates: [signing], encryptionCertificates: [rsa] };
    expect(chosen('always', provider)).toMatchObject({ certificate: rsa });
    expect(() => chosen('always', { signingCertificates: [signing] })).toThrow(/no encryption certificate/);
  });

  test.each<[string[], string]>([
    [[], 'rsa-oaep-mgf1p'],
    [[GCM_256], 'rsa-oaep-mgf1p'],
    [[OAEP_11, GCM_256], 'rsa-oaep'],
    [[OAEP_11, OAEP], 'rsa-oaep-mgf1p'],
    [[RSA_1_5, OAEP_11], 'rsa-oaep'],
  ])(
    'metadata that lists %j gets its key wrapped with %s',
    { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' } },
    (encryptionMethods, expected) => {
      const { keyTransport } = chosen('always', { encryptionCertificates: [rsa], encryptionMethods }) ?? {};
      expect(keyTransport).toBe(expected);
    },
  );

  test.each<[NonNullable<ServiceProvider['oaepSettings']>, string[]]>([
    [[{ method: OAEP_11, digest: SHA_256, mask: MGF_256 }], ['rsa-oaep', 'sha256', 'sha256']],
    [[{ method: OAEP_11, digest: SHA_256 }], ['rsa-oaep', 'sha256', 'sha1']],
    [[{ method: OAEP_11, mask: MGF_256 }], ['rsa-oaep', 'sha1', 'sha256']],
    [[{ method: OAEP, digest: SHA_256 }], ['rsa-oaep-mgf1p', 'sha256', 'sha1']],
    [[{ method: OAEP, digest: SHA_256, mask: MGF_256 }], ['rsa-oaep-mgf1p', 'sha256', 'sha1']],
    [
      [
        { method: OAEP, digest: SHA_384 },
        { method: OAEP_11, digest: SHA_256 },
      ],
      ['rsa-oaep', 'sha256', 'sha1'],
    ],
    [
      [{ method: OAEP, digest: SHA_384 }, { method: OAEP }],
      ['rsa-oaep-mgf1p', 'sha1', 'sha1'],
    ],
  ])(
    'metadata with the RSA-OAEP parameters %j gets %j',
    { meta: { holds: ['IDP-060'], source: 'SAML Metadata 2.4.1.1' } },
    (oaepSettings, expected) => {
      const encryptionMethods = [GCM_256, ...oaepSettings.map(({ method }) => method)];
      const provider = { encryptionCertificates: [rsa], encryptionMethods, oaepSettings };
      const { keyTransport, digest, mask } = chosen('always', provider) ?? {};
      expect([keyTransport, digest, mask]).toEqual(expected);
    },
  );

  test('with the first RSA key', { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' } }, () => {
    expect(chosen('always', { encryptionCertificates: [ec, rsa] })).toMatchObject({ certificate: rsa });
  });

  test.each<[string[], string, string]>([
    [[], 'aes256-gcm', 'aes256-gcm'],
    [[], 'aes128-gcm', 'aes128-gcm'],
    [[GCM_128], 'aes256-gcm', 'aes128-gcm'],
    [[CBC_256, GCM_128, OAEP], 'aes256-gcm', 'aes128-gcm'],
    [[GCM_128, GCM_256], 'aes256-gcm', 'aes256-gcm'],
    [[OAEP], 'aes128-gcm', 'aes128-gcm'],
    [[RSA_1_5, OAEP, GCM_256], 'aes128-gcm', 'aes256-gcm'],
  ])(
    'metadata that lists %j, with %s preferred, gets %s',
    { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.2.4' } },
    (encryptionMethods, preferred, expected) => {
      expect(chosen('always', { encryptionCertificates: [rsa], encryptionMethods }, preferred)?.dataAlgorithm).toBe(
        expected,
      );
    },
  );
});

describe('a setup that can’t be encrypted safely is refused', () => {
  test.each<[string, () => Partial<ServiceProvider>, RegExp]>([
    ['without a certificate', () => ({}), /^settings\.encrypt "always": .*no encryption certificate .* is known/],
    [
      'with only an elliptic curve key',
      () => ({ encryptionCertificates: [ec] }),
      /it must have an RSA key of at least 2048 bits/,
    ],
    [
      'with only CBC',
      () => ({ encryptionCertificates: [rsa], encryptionMethods: [CBC_256] }),
      /no way of encryption that is used here \(.*aes256-cbc\)\. It must list AES-256-GCM or AES-128-GCM, and RSA-OAEP/,
    ],
    [
      'with an unsupported key length',
      () => ({ encryptionCertificates: [rsa], encryptionMethods: [AES_192_GCM, OAEP] }),
      /no way of encryption that is used here \(.*aes192-gcm/,
    ],
    [
      'with an unsupported digest',
      () => ({
        encryptionCertificates: [rsa],
        encryptionMethods: [GCM_256, OAEP],
        oaepSettings: [
          { method: OAEP, digest: SHA_384 },
          { method: OAEP, digest: SHA_384 },
        ],
      }),
      /no way of encryption that is used here \([^)]*oaep-mgf1p, [^,)]*sha384\)\. .* RSA-OAEP with SHA-1, SHA-256 or SHA-512/,
    ],
    [
      'with only RSA 1.5',
      () => ({ encryptionCertificates: [rsa], encryptionMethods: [GCM_256, RSA_1_5] }),
      /no way of encryption that is used here \(.*rsa-1_5\)/,
    ],
  ])('%s', { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.2.4, 5.5' } }, (_what, provider, message) => {
    expect(() => chosen('always', provider())).toThrow(message);
  });
});
