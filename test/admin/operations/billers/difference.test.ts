import { beforeAll, describe, expect, test } from 'vitest';
import type { Difference } from '../../../../src/core/billers/difference.ts';
import { TEST_ACS, TEST_SP } from '../../../support/installation.ts';
import { makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';
import { useStage } from '../../../support/stage.ts';

interface Compared {
  readonly differences: Difference[];
  readonly state: string;
}
const metadata = (acs: string, certificate: string) => `
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${TEST_SP}">
  <SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}" index="4" isDefault="true"/>
  </SPSSODescriptor></EntityDescriptor>`;

describe('a change of a biller', () => {
  const stage = useStage();
  let key: SigningKey;
  let slug: string;
  let count = 0;
  beforeAll(async () => {
    key = await makeSigningKey('EC-P256');
  });

  const fresh = async () => {
    count += 1;
    slug = `biller-${count}`;
    await stage.installation.addBiller(slug, { keyType: 'EC-P256' });
  };
  const compare = (input: object) =>
    stage.installation.operate('biller.compare', { slug, ...input }) as Promise<Compared>;
  const update = (input: object) => stage.installation.operate('biller.update', { slug, ...input });
  const biller = () => stage.installation.services.billers.bySlug(slug);
  const updates = async () => {
    const { id } = await biller();
    const all = (await stage.installation.operate('audit.list', {
      event: 'biller.updated',
      biller: slug,
      limit: 100,
    })) as {
      details: { changed: string[] };
    }[];
    return { id, changed: all.map(({ details }) => details.changed) };
  };

  test('is described in words, Service Provider first, without making it', async () => {
    await fresh();
    const spMetadata = metadata('https://sp.example/new', key.signer.certificate);
    const { differences } = await compare({ spMetadata, name: 'Riverton & Sons', settings: { clockSkewSeconds: 90 } });
    const provider = differences.slice(0, 3).toSorted((one, other) => one.what.localeCompare(other.what));
    expect(provider).toEqual([
      { what: 'acs', before: `0: ${TEST_ACS} (default)`, after: '4: https://sp.example/new (default)' },
      { what: 'authnRequestsSigned', before: 'false', after: 'true' },
      {
        what: 'signingCertificates',
        before: 'none',
        after: expect.stringMatching(/^.*CN=.+, valid to .+, SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
      },
    ]);
    expect(differences.slice(3)).toEqual([
      { what: 'name', before: 'Riverton Water', after: 'Riverton & Sons' },
      { what: 'clockSkewSeconds', before: '60', after: '90' },
    ]);
    expect((await compare({ spMetadata: metadata(TEST_ACS, key.signer.certificate) })).differences[0]?.after).toContain(
      TEST_ACS,
    );
    expect(await biller()).toMatchObject({ name: 'Riverton Water', serviceProvider: { authnRequestsSigned: false } });
  });

  test('is made as shown, audits what changed, and shows no difference afterwards', async () => {
    await fresh();
    const change = {
      spMetadata: metadata('https://sp.example/new', key.signer.certificate),
      settings: { accounts: 'all' },
    };
    const { state, differences } = await compare(change);
    await update({ ...change, state });
    expect((await biller()).serviceProvider.acs).toEqual([
      { url: 'https://sp.example/new', index: 4, isDefault: true },
    ]);
    expect((await updates()).changed).toEqual([differences.map(({ what }) => what)]);
    expect((await compare(change)).differences).toEqual([]);
    // An update without changes is not audited.
    await update(change);
    expect((await updates()).changed).toHaveLength(1);
  });

  test('is empty if only the order differs', async () => {
    await fresh();
    await update({ settings: { loginTypes: { owner: 1, 'co-owner': 5, x: 7 } } });
    for (const loginTypes of [
      { owner: 1, 'co-owner': 5, x: 7 },
      { x: 7, 'co-owner': 5, owner: 1 },
    ]) {
      expect((await compare({ settings: { loginTypes } })).differences).toEqual([]);
    }
    const { differences } = await compare({ settings: { loginTypes: { x: 7, owner: 1 } } });
    expect(differences.map(({ what }) => what)).toEqual(['loginTypes']);
  });

  test('is refused if someone else changed the biller in the meantime', async () => {
    await fresh();
    const { state } = await compare({ name: 'Mine' });
    await update({ settings: { clockSkewSeconds: 5 } });
    await expect(update({ name: 'Mine', state })).rejects.toThrow('was changed by someone else in the meantime');
    expect(await biller()).toMatchObject({ name: 'Riverton Water', settings: { clockSkewSeconds: 5 } });
    await update({ name: 'Mine', state: (await compare({ name: 'Mine' })).state });
    expect((await biller()).name).toBe('Mine');
  });

  test('is made once if several operators confirm the same state at once', async () => {
    await fresh();
    const { state } = await compare({ name: 'Any' });
    const attempts = await Promise.allSettled([1, 2, 3, 4].map((turn) => update({ name: `Name ${turn}`, state })));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await updates()).changed).toEqual([['name']]);
  });

  test('keeps concurrent changes to other values', async () => {
    await fresh();
    const settings = { clockSkewSeconds: 5, requestMaxAgeSeconds: 55, relayStateMaxBytes: 555, viewMode: 1 };
    await Promise.all(Object.entries(settings).map(([name, value]) => update({ settings: { [name]: value } })));
    expect((await biller()).settings).toMatchObject(settings);
  });

  test('that is invalid, empty, or for an unknown biller is refused and changes nothing', async () => {
    await fresh();
    await expect(update({ name: 'New', settings: { requestSignature: 'required' } })).rejects.toThrow(
      'no signing certificate',
    );
    const over = metadata(TEST_ACS, key.signer.certificate).replace(
      'entityID',
      'validUntil="2020-01-01T00:00:00Z" entityID',
    );
    for (const attempt of [update, compare]) {
      await expect(attempt({ spMetadata: over })).rejects.toThrow('it expired at 2020-01-01T00:00:00Z');
    }
    await expect(stage.installation.addBiller('late', { spMetadata: over })).rejects.toThrow('it expired at 2020');
    await expect(update({})).rejects.toThrow('Nothing to change was given');
    await expect(update({ slug: 'nowhere', name: 'New' })).rejects.toThrow('There is no biller "nowhere"');
    await expect(compare({ slug: 'nowhere', name: 'New' })).rejects.toThrow('There is no biller "nowhere"');
    expect((await biller()).name).toBe('Riverton Water');
    expect((await updates()).changed).toEqual([]);
  });
});
