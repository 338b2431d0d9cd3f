import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { serviceProviderByHand } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { makeSigningKey, toPem } from '../../../support/saml/saml.ts';

let first: string;
let second: string;
beforeAll(async () => {
  const keys = await Promise.all([makeSigningKey('EC-P256'), makeSigningKey('EC-P256')]);
  [first, second] = [keys[0].signer.certificate, keys[1].signer.certificate];
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

  test('may come with several certificates in one file', () => {
    const { signingCertificates } = serviceProviderByHand({
      ...given,
      signingCertificates: [`${toPem(first)}${toPem(second)}`, first],
      encryptionCertificates: [],
    });
    expect(signingCertificates).toEqual([first, second]);
  });

  test.each([
    [
      { acsUrls: ['javascript:alert(1)'] },
      'acs.0 "javascript:alert(1)": must be an https URL (http for localhost only): it does not begin with https://.',
    ],
    [
      { signingCertificates: ['x'] },
      'spCertificates.0: is neither PEM nor base64. It must be one or more certificates: PEM, base64, DER or PKCS#7.',
    ],
    [{ encryptionCertificates: [''] }, 'spEncryptionCertificates.0: is empty.'],
  ])('%j is refused, naming the wrong field', (wrong, message) => {
    const provider = { ...given, signingCertificates: [], encryptionCertificates: [], ...wrong };
    expect(() => serviceProviderByHand(provider)).toThrow(InputError);
    expect(() => serviceProviderByHand(provider)).toThrow(message);
  });
});
