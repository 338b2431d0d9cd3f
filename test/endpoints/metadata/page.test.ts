import { X509Certificate } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../../support/browser/chromium.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage({ billerInput: { name: 'Riverton & Sons "Water"' } });
const METADATA = '/saml/riverton/metadata';
const OF_PERSON = {
  accept: 'text/html,*/*',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

const get = (url: string, headers: Record<string, string> = {}) => stage.installation.server.inject({ url, headers });
const fetches = async () => {
  await stage.installation.services.fetches.drained();
  return (await stage.installation.operate('key.fetches', { biller: 'riverton' })) as { monitor: boolean }[];
};
const seen = async () => {
  const [status] = (await stage.installation.operate('key.status', { billers: ['riverton'] })) as {
    activeSeen?: number;
  }[];
  return status;
};

test.each([
  ['curl', { 'user-agent': 'curl/8.5.0', accept: '*/*' }],
  ['wget', { 'user-agent': 'Wget/1.21', accept: '*/*', 'accept-encoding': 'identity' }],
  ['.NET HttpClient, which sends nothing', {}],
  ['Java', { 'user-agent': 'Java/17.0.1', accept: 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2' }],
  ['Node’s fetch', { 'user-agent': 'node', accept: '*/*', 'sec-fetch-mode': 'cors' }],
  ['python-requests', { 'user-agent': 'python-requests/2.31', accept: '*/*' }],
  ['a program that calls itself a browser', { 'user-agent': 'Mozilla/5.0 (compatible; SSO)', accept: 'text/html' }],
  ['a browser of before 2020', { 'user-agent': 'Mozilla/5.0', accept: 'text/html,application/xhtml+xml' }],
  ['a frame', { ...OF_PERSON, 'sec-fetch-dest': 'iframe' }],
  ['a script of a page', { accept: 'text/html', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
])('%s gets the XML, as always', async (_title, headers) => {
  const plain = await get(METADATA);
  const answer = await get(METADATA, headers as unknown as Record<string, string>);
  expect(answer.headers['content-type']).toBe('application/samlmetadata+xml; charset=utf-8');
  expect(answer.body).toBe(plain.body);
  expect(answer.headers.etag).toBe(plain.headers.etag);
  expect(answer.headers.vary).toBe('accept, sec-fetch-mode, sec-fetch-dest');
});

describe('a person who opens the metadata URL', () => {
  test('sees the values, the certificate and the claims, under a strict policy, also with the XML’s tag at hand', async () => {
    const { etag = '' } = (await get(METADATA)).headers;
    const page = await get(METADATA, { ...OF_PERSON, 'if-none-match': String(etag) });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'accept, sec-fetch-mode, sec-fetch-dest' });
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body).toContain('Riverton &#38; Sons &#34;Water&#34;');
    for (const value of [
      'Entity ID',
      'Metadata URL',
      'SSO Service URL',
      'https://idp.example/saml/riverton/sso',
      'AccountNumber',
      'Certificate that signs now',
    ]) {
      expect(page.body, value).toContain(value);
    }
    const { fingerprint256, fingerprint } = new X509Certificate((await get('/saml/riverton/certificate.pem')).body);
    expect(page.body).toContain(fingerprint256);
    expect(page.body).toContain(fingerprint);
  });

  test('is never taken for the Service Provider, whatever they open', async () => {
    const before = (await fetches()).filter(({ monitor }) => !monitor).length;
    const known = await seen();
    for (const url of [METADATA, `${METADATA}?download`, '/saml/riverton']) await get(url, OF_PERSON);
    expect((await fetches()).filter(({ monitor }) => !monitor)).toHaveLength(before);
    expect(await seen()).toEqual(known);
  });

  test('can download the XML by a name that says whose it is', async () => {
    const file = await get(`${METADATA}?download`, OF_PERSON);
    expect(file.headers['content-disposition']).toBe('attachment; filename="riverton-idp-metadata.xml"');
    expect(file.body).toBe((await get(METADATA)).body);
  });

  test('finds it below the biller’s address, and nothing below another one', async () => {
    const answer = await get('/saml/riverton', OF_PERSON);
    expect([answer.statusCode, answer.headers.location]).toEqual([303, METADATA]);
    expect((await get('/saml/nobody', OF_PERSON)).statusCode).toBe(404);
  });

  test('is shown the next certificate beside the active one, if it is published', async () => {
    await stage.addBiller('overlap', { settings: { rotation: 'overlap' } });
    await stage.installation.operate('key.stage', { biller: 'overlap', keyType: 'EC-P256' });
    const page = await get('/saml/overlap/metadata', OF_PERSON);
    expect(page.body).toMatch(/Certificate that signs now[\s\S]*Certificate that will sign next/);
  });

  test('finds the lasting URL where a one-time URL has stopped working', async () => {
    const page = await get(`${METADATA}?one-time=${'x'.repeat(43)}`, OF_PERSON);
    expect(page.statusCode).toBe(410);
    expect(page.body).toContain(`href="${METADATA}"`);
  });
});

describe('in Chromium', () => {
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await launchChromium();
    url = await stage.installation.server.listen({ port: 0, host: '127.0.0.1' });
  });
  afterAll(() => browser.close());

  test.each([320, 390, 1280])('the page fits %s pixels, and its values can be copied', async (width) => {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    await page.goto(`${url}/saml/riverton`);
    expect(page.url()).toBe(`${url}${METADATA}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.getByRole('button', { name: 'Copy: SSO Service URL' }).click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('https://idp.example/saml/riverton/sso');
    await page.getByText('Show the XML').click();
    await page.getByText('<md:EntityDescriptor').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download the XML' }).click();
    expect((await download).suggestedFilename()).toBe('riverton-idp-metadata.xml');
    await context.close();
  });
});
