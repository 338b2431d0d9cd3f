import { beforeAll, expect, test } from 'vitest';
import { launchBody, pathOf } from '../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../support/api/portal-api.ts';
import { requirePosted } from '../support/browser/browser-like.ts';
import { useStage } from '../support/stage.ts';

// Somebody with an account at the portal has a ticket of their own, and sends somebody else along with it.
const stage = useStage({ billerInput: { settings: { portalUrl: 'https://portal.example/home', unsolicited: true } } });
let portal: PortalApi;
let bare: PortalApi;
const keyOf = async (biller: string) =>
  ((await stage.installation.operate('api-key.add', { biller, role: 'portal' })) as { key: string }).key;
beforeAll(async () => {
  await stage.addBiller('bare');
  portal = createPortalApi(stage.installation.server, await keyOf('riverton'));
  bare = createPortalApi(stage.installation.server, await keyOf('bare'));
});
const make = async (api: PortalApi) =>
  pathOf(((await api.call('POST', '/api/launches', launchBody())).json() as { url: string }).url);

/** What a browser sends with a navigation. */
const FOREIGN: [string, Record<string, string>][] = [
  ['a link of another website', { 'sec-fetch-site': 'cross-site', referer: 'https://evil.example/' }],
  ['a link of another website that hides its address', { 'sec-fetch-site': 'cross-site' }],
  ['a page on the same site', { 'sec-fetch-site': 'same-site', referer: 'https://evil.example/' }],
  // Chromium: a redirect does not change it.
  ['a link in an email that leads here by another website', { 'sec-fetch-site': 'none' }],
  ['an old browser, by another website', { referer: 'https://evil.example/' }],
];
test.each(FOREIGN)('%s asks first whether the person is the one of the launch', async (_what, headers) => {
  for (const api of [portal, bare]) {
    const browser = stage.stranger();
    const answer = await browser.get(await make(api), headers);
    expect([answer.statusCode, answer.body.includes('Is this you?')]).toEqual([200, true]);
    expect([...browser.cookies.keys()]).toEqual([]);
  }
});

test('the portal is not asked, at the biller where it is registered', async () => {
  const headers = { 'sec-fetch-site': 'cross-site', referer: 'https://portal.example/' };
  expect((await stage.stranger().get(await make(portal), headers)).statusCode).toBe(303);
  expect((await stage.stranger().get(await make(bare), headers)).statusCode).toBe(200);
});

test('an unsolicited sign-on by such a link must be confirmed', async () => {
  const browser = await stage.signedIn();
  const answer = await browser.follow(await browser.get('/saml/riverton/sso', { 'sec-fetch-site': 'none' }));
  expect(answer.body).toContain('data-account="101Invoice"');
  expect(requirePosted(await browser.get('/saml/riverton/sso', { 'sec-fetch-site': 'same-origin' })).xml).toContain(
    '>101Invoice<',
  );
});
