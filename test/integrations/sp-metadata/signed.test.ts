import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { verifySignedMetadata } from '../../../src/protocols/saml/sp-metadata/signed-metadata.ts';
import type { SigningKey } from '../../support/saml/saml.ts';
import {
  opensslKey,
  reference,
  signatureTemplate,
  xmlsecAccepts,
  xmlsecSign,
} from '../../support/saml/xmlsec-signer.ts';
import { useStage } from '../../support/stage.ts';
import { type ProviderServer, providerMetadata, startProvider } from './provider.ts';

const DAY = 86_400_000;
const NEW_ACS = 'https://sp.example/new-acs';
const stage = useStage();
let provider: ProviderServer;
let pinned: SigningKey;
let stranger: SigningKey;
let slug = '';
let number = 0;
beforeAll(async () => {
  provider = await startProvider();
  [pinned, stranger] = [opensslKey('rsa:2048'), opensslKey('rsa:2048')];
});
afterAll(() => provider?.close());

beforeEach(async () => {
  if (slug !== '') await stage.installation.operate('biller.remove', { slug });
  number += 1;
  slug = `signed-${number}`;
  const settings = { refreshMetadata: 'signed', metadataSigningCertificates: [pinned.certificatePem] };
  await stage.addBiller(slug, { spMetadata: providerMetadata(), metadataUrl: provider.url, settings });
});

const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+Z/, 'Z');
const valid = (days = 7) => ` ID="_metadata" validUntil="${inDays(days)}"`;
const template = (uri = '#_metadata') => signatureTemplate(reference(uri));
/** Signed metadata with a new ACS. */
function signed(parts: Parameters<typeof providerMetadata>[0] = {}, key = pinned): string {
  const document = providerMetadata({ acs: NEW_ACS, attributes: valid(), signature: template(), ...parts });
  return xmlsecSign(document, key).replace(/^<\?xml[^>]*>\s*/, '');
}
const acs = async () => (await stage.installation.services.billers.bySlug(slug)).serviceProvider.acs[0]?.url;
const refresh = () =>
  stage.installation.operate('biller.refresh', { slug }) as Promise<{
    taken: boolean;
    findings: { finding: string }[];
  }>;

test('metadata signed by the pinned key is taken over, with its audit event, and reported', async () => {
  provider.answer = signed();
  expect(xmlsecAccepts(provider.answer, pinned)).toBe(true);
  const notices = await stage.installation.services.providers.look();
  expect(notices.filter(({ biller }) => biller === slug)).toMatchObject([{ kind: 'metadata_taken' }]);
  expect(await acs()).toBe(NEW_ACS);
  expect(await stage.audited('biller.updated')).toMatchObject({
    details: { actor: 'signed metadata', slug, changed: ['acs'] },
  });
  expect(await refresh()).toMatchObject({ taken: false, findings: [] });
});

test('what is read is what was signed', () => {
  const document = signed();
  const read = verifySignedMetadata(document, [pinned.signer.certificate], Date.now());
  expect(read).not.toContain('Signature');
  expect(document).toContain('Signature');
  expect(read).toContain(NEW_ACS);
});

test('an entity in a signed group is taken over', async () => {
  const entities = [providerMetadata({ acs: NEW_ACS }), providerMetadata({ entityId: 'https://other.example' })];
  const group = `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"${valid()}>${template()}${entities.join('')}</EntitiesDescriptor>`;
  provider.answer = xmlsecSign(group, pinned);
  expect(await refresh()).toMatchObject({ taken: true });
  expect(await acs()).toBe(NEW_ACS);
});

test('without the setting, signed metadata is only reported', async () => {
  await stage.installation.operate('biller.update', { slug, settings: { refreshMetadata: 'report' } });
  provider.answer = signed();
  expect(await refresh()).toMatchObject({ taken: false });
});

describe('is refused and reported, with the reason', () => {
  const evil = providerMetadata({ acs: 'https://evil.example/acs' });
  const withoutTag = (xml: string) => xml.replace(/<ds:Signature[\s\S]*<\/ds:Signature>/, '');
  const signatureOf = (xml: string) => /<ds:Signature[\s\S]*<\/ds:Signature>/.exec(xml)?.[0] ?? '';
  const cases: [string, () => string, RegExp][] = [
    [
      'metadata without a signature',
      () => providerMetadata({ acs: NEW_ACS, attributes: valid() }),
      /expected one Signature/,
    ],
    ['a signature by another key', () => signed({}, stranger), /does not verify/],
    [
      'a signature by a key that the document brings',
      () => {
        const info = `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${stranger.signer.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
        return signed({ signature: signatureTemplate(reference('#_metadata'), { after: info }) }, stranger);
      },
      /does not verify/,
    ],
    [
      'a document that was changed after signing',
      () => signed().replace(NEW_ACS, 'https://evil.example/acs'),
      /changed after signing/,
    ],
    [
      'the signed document wrapped inside another one',
      () => {
        const original = signed();
        return evil
          .replace('<SPSSO', `<Extensions>${original}</Extensions><SPSSO`)
          .replace('<EntityDescriptor ', `<EntityDescriptor ID="_evil"${valid().replace(/ ID="[^"]*"/, '')} `);
      },
      /direct child|nested/,
    ],
    [
      'a signature moved to another root',
      () => {
        const original = signed();
        return evil
          .replace('<EntityDescriptor ', `<EntityDescriptor ID="_evil" `)
          .replace('<SPSSO', `${signatureOf(original)}<Extensions>${withoutTag(original)}</Extensions><SPSSO`);
      },
      /Reference/,
    ],
    [
      'a signature on the entity, not on the root',
      () => {
        return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" ID="_g" validUntil="${inDays(7)}">${signed()}</EntitiesDescriptor>`;
      },
      /direct child/,
    ],
    ['a second Signature', () => signed().replace('<SPSSO', `${signatureOf(signed())}<SPSSO`), /one Signature/],
    ['metadata without validUntil', () => signed({ attributes: ' ID="_metadata"' }), /no validUntil/],
    [
      'SHA-1',
      () =>
        signed({
          signature: signatureTemplate(reference('#_metadata'), {
            method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
          }),
        }),
      /SHA-1|SHA-256/,
    ],
    ['another entity ID', () => signed({ entityId: 'https://other.example' }), /does not describe the entity/],
    ['a comment', () => signed().replace('<SPSSO', '<!-- --><SPSSO'), /without comments/],
  ];
  test.each(cases)('%s', async (_what, document, reason) => {
    provider.answer = document();
    const { taken, findings } = await refresh();
    expect(taken).toBe(false);
    expect(findings.map(({ finding }) => finding)).toEqual([expect.stringMatching(reason)]);
    expect(await acs()).toBe('https://sp.example/acs');
  });

  test('signed metadata that has expired', async () => {
    provider.answer = signed({ attributes: valid(-1) });
    expect((await refresh()).findings).toMatchObject([{ kind: 'metadata_unusable' }]);
    expect(await acs()).toBe('https://sp.example/acs');
  });

  test('a Service Provider that another biller has', async () => {
    await stage.addBiller('neighbor', { entityId: 'https://sp.example', acs: [NEW_ACS] });
    provider.answer = signed();
    expect((await refresh()).findings).toMatchObject([
      { finding: expect.stringContaining('belongs to the biller "neighbor"') },
    ]);
    await stage.installation.operate('biller.remove', { slug: 'neighbor' });
  });
});

test.each([
  ['no certificate', { metadataSigningCertificates: [] }, 'needs the certificate of the key'],
  ['a text that is no certificate', { metadataSigningCertificates: ['nonsense'] }, 'certificate'],
])('the setting is refused with %s', async (_what, settings, message) => {
  const change = stage.installation.operate('biller.update', {
    slug,
    settings: { refreshMetadata: 'signed', ...settings },
  });
  await expect(change).rejects.toThrow(message);
});

test('the setting is refused for a Service Provider that has no metadata URL', async () => {
  const settings = { refreshMetadata: 'signed', metadataSigningCertificates: [pinned.certificatePem] };
  const change = stage.installation.operate('biller.update', { slug: 'riverton', settings });
  await expect(change).rejects.toThrow('was registered from a URL');
});
