import { beforeAll, describe, expect, test } from 'vitest';
import { sheet } from '../../../../../src/admin/cli/commands/biller/biller-sheet.ts';
import { nameIdFormatFor, settingsOf } from '../../../../../src/admin/operations/billers/settings.ts';
import { billerView, billerViewSchema } from '../../../../../src/admin/operations/billers/view.ts';
import { NAME_ID_FORMATS } from '../../../../../src/protocols/saml/names.ts';
import type { ServiceProvider } from '../../../../../src/protocols/saml/sp-metadata/service-provider.ts';
import { newBiller } from '../../../../core/billers/biller.ts';
import { makeSigningKey } from '../../../../support/saml/saml.ts';

const X509 = 'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName';
const GCM_256 = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
const { emailAddress, persistent, transient, unspecified } = NAME_ID_FORMATS;

let certificate: string;
beforeAll(async () => {
  ({ certificate } = (await makeSigningKey('RSA-2048')).signer);
});

function viewOf(provider: Partial<ServiceProvider>, settings: Record<string, unknown> = {}) {
  const biller = newBiller(settings);
  const keys = { active: undefined, certificates: [], fingerprints: [] };
  const view = billerView(
    { ...biller, serviceProvider: { ...biller.serviceProvider, ...provider } },
    keys as unknown as Parameters<typeof billerView>[1],
    'https://sso.example.com',
  );
  return billerViewSchema.parse(view);
}
const lineOf = (name: string, ...parts: Parameters<typeof viewOf>) =>
  sheet(viewOf(...parts))
    .split('\n')
    .find((line) => line.startsWith(name));

describe('about encryption, the sheet says', () => {
  const encrypting = () => ({ encryptionCertificates: [certificate], wantEncryption: true });

  test('that it is assumed if the Service Provider does not say what it can decrypt, and how to turn it off (SAML Metadata 2.4.1.1)', () => {
    expect(viewOf(encrypting()).serviceProvider).toMatchObject({ encryption: 'aes256-gcm', encryptionAssumed: true });
    expect(lineOf('Encrypted', encrypting())).toMatch(
      /aes256-gcm, which is assumed: .* If it can't: `ic-idp biller update riverton --encrypt never`$/,
    );
  });

  test('only the algorithm if that is listed, or that there is none', () => {
    expect(lineOf('Encrypted', { ...encrypting(), encryptionMethods: [GCM_256] })).toMatch(/ aes256-gcm$/);
    expect(lineOf('Encrypted', {})).toMatch(/ none$/);
  });
});

describe('the NameID format of a new biller', () => {
  const formatFor = (nameIdFormats: string[], given: Record<string, unknown> = {}) => {
    const { serviceProvider } = newBiller();
    const provider = { ...serviceProvider, nameIdFormats };
    return settingsOf(nameIdFormatFor(provider), given, provider).nameIdFormat;
  };

  test.each<[string[], string]>([
    [[], 'emailAddress'],
    [[persistent], 'persistent'],
    [[X509, transient, persistent], 'transient'],
    [[persistent, emailAddress], 'emailAddress'],
    [[persistent, unspecified], 'emailAddress'],
    [[X509], 'emailAddress'],
  ])(
    'for a Service Provider that lists %j is %s',
    { meta: { holds: ['IDP-044'], source: 'SAML Metadata 2.4.2' } },
    (listed, expected) => {
      expect(formatFor(listed)).toBe(expected);
    },
  );

  test('is the given one, whatever is listed', {
    meta: { holds: ['IDP-044'], source: 'project rule' },
  }, () => {
    expect(formatFor([persistent], { nameIdFormat: 'emailAddress' })).toBe('emailAddress');
  });

  test('the sheet says if the Service Provider does not list it', () => {
    expect(lineOf('NameID format', { nameIdFormats: [X509] })).toMatch(
      /emailAddress, which the Service Provider does not list\. If it refuses it: `ic-idp biller update riverton --name-id-format`$/,
    );
    for (const nameIdFormats of [[], [unspecified], [X509, emailAddress]]) {
      expect(lineOf('NameID format', { nameIdFormats })).toMatch(/ \S*:emailAddress$/);
    }
  });
});
