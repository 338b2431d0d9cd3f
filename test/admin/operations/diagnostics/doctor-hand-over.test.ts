import { expect, test, vi } from 'vitest';
import type { OperationResult } from '../../../../src/admin/operations/registry.ts';
import { useStage } from '../../../support/stage.ts';

const stage = useStage();
const GUID = /^[0-9a-f-]{36}$/;
const HOUR = 3_600_000;

const about = async (slug: string) =>
  ((await stage.installation.operate('doctor', {})) as OperationResult<'doctor'>).filter(
    ({ subject, finding }) => subject === `biller ${slug}` && finding.includes('one-time'),
  );
const fetchAs = async (url: string, client = 'their-crm') => {
  const { pathname, search } = new URL(url);
  const answer = await stage.installation.server.inject({ url: pathname + search, headers: { 'user-agent': client } });
  await stage.installation.services.fetches.drained();
  return answer.statusCode;
};

/** Fetches a one-time URL. The keys are switched, and the URL used, once it was taken whole. */
async function take(url: string, slug: string): Promise<void> {
  expect(await fetchAs(url)).toBe(200);
  await vi.waitFor(async () => expect(await about(slug)).toHaveLength(1), { timeout: 20_000 });
}

/** A biller whose one-time URL was made, and maybe fetched by the Service Provider. */
async function handedOver(slug: string, settings = {}) {
  await stage.addBiller(slug, { settings });
  await stage.installation.operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  return (await stage.installation.operate('key.hand-over', {
    biller: slug,
    hours: 24,
  })) as OperationResult<'key.hand-over'>;
}

test('a hand-over names the biller, and the URL that the form must have afterwards', async () => {
  const made = await handedOver('named');
  expect(made).toMatchObject({ biller: 'named', metadataUrl: 'https://idp.example/saml/named/metadata' });
  expect(made.name).not.toBe('');
  expect(made.billerGuid).toMatch(GUID);
  expect(await about('named')).toEqual([]);
});

test('after its fetch, doctor reminds of the lasting URL until the Service Provider fetches that', async () => {
  const { url, metadataUrl } = await handedOver('reminded');
  await take(url, 'reminded');
  const [found] = await about('reminded');
  expect(found).toMatchObject({ level: 'warning', finding: expect.stringContaining('which stops working on') });
  expect(found?.remedy).toContain(metadataUrl);
  expect(found?.remedy).toContain('`ic-idp key lasting-url reminded`');
  // A fetch again of the one-time URL, or a person's look at the lasting one, says nothing.
  expect(await fetchAs(url)).toBe(200);
  await stage.installation.server.inject({
    url: '/saml/reminded/metadata',
    headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  });
  await stage.installation.services.fetches.drained();
  expect(await about('reminded')).toHaveLength(1);
  stage.pass(25 * HOUR);
  expect((await about('reminded'))[0]?.finding).toContain('which stopped working on');
  expect(await fetchAs(metadataUrl)).toBe(200);
  expect(await about('reminded')).toEqual([]);
});

test('only the Service Provider’s clients count, where they are listed', async () => {
  const { url, metadataUrl } = await handedOver('listed', { metadataClients: ['their-crm'] });
  await take(url, 'listed');
  await fetchAs(metadataUrl, 'somebody-else');
  expect(await about('listed')).toHaveLength(1);
  await fetchAs(metadataUrl);
  expect(await about('listed')).toEqual([]);
});

test('an operator can say that the form has the lasting URL, which the audit keeps; once', async () => {
  const { url } = await handedOver('confirmed');
  const confirm = () => stage.installation.operate('key.lasting-url', { biller: 'confirmed', reason: 'they wrote so' });
  await expect(confirm()).rejects.toMatchObject({ code: 'one_time_url_unused' });
  await take(url, 'confirmed');
  await confirm();
  expect(await about('confirmed')).toEqual([]);
  expect(await stage.audited('key.lasting_url_confirmed')).toMatchObject({ details: { reason: 'they wrote so' } });
  await expect(confirm()).rejects.toMatchObject({ code: 'one_time_url_unused' });
});
