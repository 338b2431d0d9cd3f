import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { BillerKeys } from '../../../../src/core/keys/keys.ts';
import { idpMetadataOf, oneTimeMetadataOf } from '../../../../src/core/keys/publication/idp-metadata.ts';
import { all, attributes, only, parseDom } from '../../../support/saml/dom.ts';
import { makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';
import { newBiller } from '../../billers/biller.ts';

const PUBLIC_URL = 'https://sso.example.com';
const NOW = Date.now();
const HOUR = 3_600_000;
let active: SigningKey;
let staged: SigningKey;
beforeAll(async () => {
  [active, staged] = [await makeSigningKey('RSA-2048'), await makeSigningKey('EC-P256')];
});

/** A biller whose Service Provider keeps several certificates. */
const overlapping = (settings: Record<string, unknown> = {}) => newBiller({ rotation: 'overlap', ...settings });
const keys = (): BillerKeys => ({
  billerId: overlapping().id,
  certificates: [active, staged].map(({ signer }) => signer.certificate),
  fingerprints: ['x', 'y'],
  version: '',
  holdUntil: 0,
  active: { signer: active.signer, fingerprint: 'x', notBefore: new Date(0), notAfter: new Date(NOW + 1) },
  canary: undefined,
});
const documentOf = async (settings: Record<string, unknown> = {}, serviceProvider = {}) => {
  const biller = overlapping(settings);
  const changed = { ...biller, serviceProvider: { ...biller.serviceProvider, ...serviceProvider } };
  return parseDom((await idpMetadataOf(changed, keys(), PUBLIC_URL, NOW)).document);
};

/** When the last certificate expires. */
const end = () =>
  Math.max(...[active, staged].map(({ certificatePem }) => Date.parse(new X509Certificate(certificatePem).validTo)));
const validUntilAt = async (now: number) =>
  attributes(parseDom((await idpMetadataOf(overlapping(), keys(), PUBLIC_URL, now)).document)).validUntil;

test('metadata has the Entity ID and every published certificate', {
  meta: { holds: ['IDP-073', 'IDP-075'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  const root = await documentOf();
  expect(attributes(root).entityID).toBe('https://sso.example.com/saml/riverton/metadata');
  expect(all(root, 'ds:X509Certificate').map(({ textContent }) => textContent)).toEqual(keys().certificates);
});

test('a Service Provider that keeps one certificate finds only the active one', async () => {
  const { document, fingerprints } = await idpMetadataOf(newBiller(), keys(), PUBLIC_URL, NOW);
  expect(all(parseDom(document), 'ds:X509Certificate').map(({ textContent }) => textContent)).toEqual([
    active.signer.certificate,
  ]);
  expect(fingerprints).toEqual(['x']);
});

test('it is valid as long as one of its certificates, and never for less than its cache time', {
  meta: { holds: ['IDP-077'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  const inWords = `${new Date(end()).toISOString().slice(0, 19)}Z`;
  expect(await validUntilAt(NOW)).toBe(inWords);
  expect(await validUntilAt(end() - 6 * HOUR - 1)).toBe(inWords);
  // An SP discards metadata past its validUntil, and the next certificate with it.
  expect(await validUntilAt(end() - 6 * HOUR)).toBeUndefined();
  expect(await validUntilAt(end() + 9 * 24 * HOUR)).toBeUndefined();
});

test('one-time metadata does not mention an expiry in the near future either', {
  meta: { holds: ['IDP-077'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  const ends = Date.parse(new X509Certificate(staged.certificatePem).validTo);
  const onlyStaged = { certificate: staged.signer.certificate, fingerprint: 'y' };
  const at = async (now: number) => {
    const { document } = await oneTimeMetadataOf(overlapping(), keys(), onlyStaged, PUBLIC_URL, now);
    return attributes(parseDom(document)).validUntil;
  };
  expect(await at(ends - 6 * HOUR - 1)).toBe(`${new Date(ends).toISOString().slice(0, 19)}Z`);
  expect(await at(ends - 6 * HOUR)).toBeUndefined();
});

test('cached metadata is rewritten when the expiry comes near', {
  meta: { holds: ['IDP-077'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  const [biller, published] = [overlapping(), keys()];
  const at = async (now: number) => (await idpMetadataOf(biller, published, PUBLIC_URL, now)).document;
  const before = await at(NOW);
  expect(await at(end() - 6 * HOUR - 1)).toBe(before);
  const near = await at(end() - 6 * HOUR);
  expect(attributes(parseDom(near)).validUntil).toBeUndefined();
  expect(await at(end() + HOUR)).toBe(near);
});

test.each([
  [{}, {}, 'false'],
  [{}, { authnRequestsSigned: true }, 'true'],
  [{ requestSignature: 'required' }, {}, 'true'],
  [{ requestSignature: 'if-present' }, { authnRequestsSigned: true }, 'false'],
])(
  'with settings %j and SP metadata %j, WantAuthnRequestsSigned is %s',
  { meta: { holds: ['IDP-076'], source: 'SAML Metadata 2.4.3' } },
  async (settings, provider, wanted) => {
    const root = await documentOf(settings, provider);
    expect(attributes(only(root, 'md:IDPSSODescriptor')).WantAuthnRequestsSigned).toBe(wanted);
  },
);

test.each(['emailAddress', 'persistent', 'transient', 'unspecified'])(
  'the agreed NameIDFormat, %s, comes first, followed by the other supported ones',
  { meta: { holds: ['IDP-076'], source: 'SAML Metadata 2.4.2' } },
  async (nameIdFormat) => {
    const formats = all(await documentOf({ nameIdFormat }), 'md:NameIDFormat').map(({ textContent }) => textContent);
    expect(formats[0]).toMatch(new RegExp(`:nameid-format:${nameIdFormat}$`));
    expect(new Set(formats).size).toBe(4);
  },
);

test('the organization’s page is the portal, or else this service', async () => {
  expect(only(await documentOf(), 'md:OrganizationURL').textContent).toBe(PUBLIC_URL);
  const portalUrl = 'https://portal.riverton.example/?a=1&b=2';
  expect(only(await documentOf({ portalUrl }), 'md:OrganizationURL').textContent).toBe(portalUrl);
});

test('it is signed by the active key if the biller requires it', async () => {
  expect(all(await documentOf(), 'ds:Signature')).toEqual([]);
  const root = await documentOf({ signMetadata: true });
  expect(only(only(root, 'ds:Signature'), 'ds:X509Certificate').textContent).toBe(active.signer.certificate);
});

test('it is written once for the same biller and keys, and again when they change', {
  meta: { holds: ['IDP-078'], source: 'project rule' },
}, async () => {
  const [biller, published] = [overlapping({ signMetadata: true }), keys()];
  let signatures = 0;
  const sign: SigningKey['signer']['sign'] = (bytes) => {
    signatures += 1;
    return active.signer.sign(bytes);
  };
  const counting = { ...published, active: { ...published.active, signer: { ...active.signer, sign } } } as BillerKeys;
  const [one, two] = await Promise.all([1, 2].map(() => idpMetadataOf(biller, counting, PUBLIC_URL, NOW)));
  expect(two).toBe(one);
  expect(signatures).toBe(1);
  const digest = createHash('sha256')
    .update(one?.document ?? '')
    .digest('base64url');
  expect(one?.tag).toBe(`"${digest.slice(0, 27)}"`);
  const renamed = await idpMetadataOf({ ...biller, name: 'Riverton Water & Sewer' }, counting, PUBLIC_URL, NOW);
  expect(renamed.tag).not.toBe(one?.tag);
  expect(signatures).toBe(2);
});

test('a failed signing is retried on the next request', async () => {
  let failing = true;
  const sign: SigningKey['signer']['sign'] = (bytes) =>
    failing ? Promise.reject(new Error('the HSM is gone')) : active.signer.sign(bytes);
  const published = keys();
  const flaky = { ...published, active: { ...published.active, signer: { ...active.signer, sign } } } as BillerKeys;
  const biller = overlapping({ signMetadata: true });
  await expect(idpMetadataOf(biller, flaky, PUBLIC_URL, NOW)).rejects.toThrow('the HSM is gone');
  failing = false;
  await expect(idpMetadataOf(biller, flaky, PUBLIC_URL, NOW)).resolves.toMatchObject({ document: expect.any(String) });
});

test('without an active key there is no metadata, and the error says why', async () => {
  const inactive = { ...keys(), active: undefined };
  await expect(idpMetadataOf(overlapping(), inactive, PUBLIC_URL, NOW)).rejects.toMatchObject({
    code: 'signing_key_unavailable',
  });
});
