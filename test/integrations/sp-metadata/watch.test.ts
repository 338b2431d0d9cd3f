import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { requirePosted } from '../../support/browser/browser-like.ts';
import { createTestStorage } from '../../support/postgres/storage.ts';
import { makeSigningKey } from '../../support/saml/saml.ts';
import { useStage } from '../../support/stage.ts';
import { type ProviderServer, providerMetadata, startProvider } from './provider.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const stage = useStage();
let provider: ProviderServer;
let slug = '';
let number = 0;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());

beforeEach(async () => {
  stage.holdClock(Date.now());
  if (slug !== '') await stage.installation.operate('biller.remove', { slug });
  number += 1;
  slug = `watched-${number}`;
  provider.answer = providerMetadata();
  await stage.addBiller(slug, { spMetadata: providerMetadata(), metadataUrl: provider.url });
});

const look = async () =>
  (await stage.installation.services.providers.look()).filter(({ biller }) => biller === slug).map(({ kind }) => kind);
const remedies = async () =>
  ((await stage.installation.operate('doctor', {})) as { subject: string; finding: string; remedy: string }[])
    .filter(({ subject }) => subject === `biller ${slug}`)
    .map(({ finding, remedy }) => `${finding} | ${remedy}`);
const refresh = () => stage.installation.operate('biller.refresh', { slug });

test('the metadata is fetched once a day, and nothing is reported while it is as registered', async () => {
  const before = provider.fetches;
  expect(await look()).toEqual([]);
  expect(await look()).toEqual([]);
  expect(provider.fetches).toBe(before + 1);
  stage.pass(DAY - 1);
  await look();
  expect(provider.fetches).toBe(before + 1);
  stage.pass(1);
  await look();
  expect(provider.fetches).toBe(before + 2);
  expect(await remedies()).toEqual([]);
});

test('a change is reported once, shown by doctor, and taken over by the operator only', async () => {
  provider.answer = providerMetadata({ acs: 'https://sp.example/new-acs' });
  expect(await look()).toEqual(['metadata_changed']);
  stage.pass(DAY);
  expect(await look()).toEqual([]);
  expect(await remedies()).toEqual([
    `the Service Provider's metadata has changed: acs | See what has changed, and how to take it over, with \`ic-idp biller refresh ${slug}\`.`,
  ]);
  const { serviceProvider } = await stage.installation.services.billers.bySlug(slug);
  expect(serviceProvider.acs[0]?.url).toBe('https://sp.example/acs');

  stage.pass(DAY);
  provider.answer = providerMetadata({ acs: 'https://sp.example/newer-acs' });
  expect(await look()).toEqual(['metadata_changed']);
  const change = { spMetadata: provider.answer, metadataUrl: provider.url, sameServiceProvider: true };
  await stage.installation.operate('biller.update', { slug, ...change });
  expect(await remedies()).toEqual([]);
  expect(await look()).toEqual([]);
});

test('another entity ID is a change like any other', async () => {
  provider.answer = providerMetadata({ entityId: 'https://other.example' });
  expect(await refresh()).toMatchObject({
    findings: [{ kind: 'metadata_changed' }],
    differences: [{ what: 'entityId', before: 'https://sp.example', after: 'https://other.example' }],
    taken: false,
  });
});

describe('a document that can’t be had', () => {
  test.each<[string, ProviderServer['answer'], string, RegExp]>([
    ['no answer', 'silence', 'metadata_unreachable', /can't be fetched/],
    ['an error', 503, 'metadata_unreachable', /the server answered 503/],
    ['a redirect', 302, 'metadata_unreachable', /the server redirects to .*\/elsewhere/],
    [
      'too much',
      `${providerMetadata()}${' '.repeat(1024 * 1024)}`,
      'metadata_unreachable',
      /larger than 1048576 bytes/,
    ],
    ['a web page', '<!doctype html>', 'metadata_unusable', /it is a web page/],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'metadata_unusable', /document type/],
    [
      'expired metadata',
      providerMetadata({ attributes: ' validUntil="2020-01-01T00:00:00Z"' }),
      'metadata_unusable',
      /expired/,
    ],
  ])('%s: is reported once, tried again after an hour, and sign-ons go on', async (_what, answer, kind, reason) => {
    provider.answer = answer;
    expect(await look()).toEqual([kind]);
    expect(await remedies()).toEqual([expect.stringMatching(reason)]);
    const fetches = provider.fetches;
    stage.pass(HOUR);
    expect(await look()).toEqual([]);
    expect(provider.fetches).toBe(fetches + 1);
    requirePosted(
      await stage.bring(
        await stage.signedIn(slug),
        { issuer: 'https://sp.example', acs: 'https://sp.example/acs' } as Parameters<typeof stage.bring>[1],
        undefined,
        slug,
      ),
    );
    provider.answer = providerMetadata();
    stage.pass(HOUR);
    expect(await look()).toEqual([]);
    expect(await remedies()).toEqual([]);
  });

  test('does not hide an earlier change', async () => {
    provider.answer = providerMetadata({ acs: 'https://sp.example/new-acs' });
    await look();
    provider.answer = 'silence';
    stage.pass(DAY);
    expect(await look()).toEqual(['metadata_unreachable']);
    expect(await remedies()).toHaveLength(2);
    provider.answer = providerMetadata({ acs: 'https://sp.example/new-acs' });
    stage.pass(DAY);
    expect(await look()).toEqual([]);
    expect(await remedies()).toHaveLength(1);
  });
});

test('certificates of a Service Provider from a file are watched too: 30 days before they end, and when they have', async () => {
  const { signer, certificatePem } = await makeSigningKey('EC-P256', stage.now());
  const from = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'] };
  await stage.installation.operate('biller.update', {
    slug,
    ...from,
    spCertificates: [certificatePem],
    sameServiceProvider: true,
  });
  expect(await look()).toEqual([]);
  const { X509Certificate } = await import('node:crypto');
  const ends = new X509Certificate(Buffer.from(signer.certificate, 'base64')).validToDate.getTime();
  stage.holdClock(ends - 31 * DAY);
  expect(await look()).toEqual([]);
  stage.holdClock(ends - 29 * DAY);
  expect(await look()).toEqual(['certificate_ending']);
  stage.pass(DAY);
  expect(await look()).toEqual([]);
  expect(await remedies()).toContainEqual(
    expect.stringMatching(/signing certificate .* expires on .*ic-idp biller update/),
  );
  stage.holdClock(ends + DAY);
  expect(await look()).toEqual(['certificate_ended']);
  expect(await remedies()).toContainEqual(expect.stringMatching(/signing certificate .* expired on /));
});

test('each finding is delivered to the webhook once', async () => {
  await stage.installation.operate('webhook.set', { url: provider.url });
  provider.answer = providerMetadata({ acs: 'https://sp.example/new-acs' });
  for (let day = 0; day < 3; day += 1) {
    await look();
    stage.pass(DAY);
  }
  const ours = provider.posted.filter(({ biller }) => biller === slug);
  expect(ours).toEqual([
    expect.objectContaining({
      event: 'service_provider.metadata_changed',
      billerName: 'Riverton Water',
      finding: "the Service Provider's metadata has changed: acs",
    }),
  ]);
  await stage.installation.operate('webhook.remove', {});
});

test('of several instances, one fetches and one reports', async () => {
  const storage = await createTestStorage('postgresql');
  const both = [await storage.open(), await storage.open()];
  try {
    const input = { slug: 'shared', name: 'Shared', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    const metadata = { spMetadata: providerMetadata(), metadataUrl: provider.url };
    for (const { services } of both.slice(0, 1)) {
      await runNamed(services, 'biller.add', { ...input, ...metadata }, actorWithEveryRole('test'));
    }
    provider.answer = providerMetadata({ acs: 'https://sp.example/new-acs' });
    const fetches = provider.fetches;
    const notices = await Promise.all(both.map(({ services }) => services.providers.look()));
    expect(notices.flat()).toMatchObject([{ biller: 'shared', kind: 'metadata_changed' }]);
    expect(provider.fetches).toBe(fetches + 1);
  } finally {
    for (const connection of both) await connection.close();
    await storage.remove();
  }
});
