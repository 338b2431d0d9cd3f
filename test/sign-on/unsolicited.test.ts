import { beforeAll, expect, test } from 'vitest';
import { elementsNamed, errorCodeOf, postedBy, requirePosted } from '../support/browser-like.ts';
import { EMAIL, PASSWORD, useStage } from './stage.ts';

const stage = useStage();
const PORTAL = 'https://portal.example';
beforeAll(async () => {
  const settings = { unsolicited: true, unsolicitedRelayState: 'bills', portalUrl: `${PORTAL}/home` };
  await stage.addBiller('unasked', { settings });
});

test('71 an unsolicited sign-on is off unless the biller has it (SAML Profiles 4.1.5)', async () => {
  const page = await (await stage.signedIn()).get('/saml/riverton/sso');
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'saml_request_missing']);
});

test('38, 45, 71 it has no InResponseTo anywhere, the agreed RelayState, the default ACS, and an audit row (SAML Profiles 4.1.5)', async () => {
  const posted = requirePosted(await (await stage.signedIn('unasked')).get('/saml/unasked/sso'));
  expect(posted).toMatchObject({ acs: 'https://sp.example/acs', relayState: 'bills' });
  expect(posted.xml).not.toContain('InResponseTo');
  const [assertion] = elementsNamed(posted.root, 'Assertion');
  const issued = (await stage.installation.operate('audit.list', {
    assertion: assertion?.attributes.get('ID'),
  })) as { event: string; requestId: null }[];
  expect(issued).toMatchObject([{ event: 'assertion.issued', requestId: null }]);
});

test('71 whoever is not signed in signs in on the way (project rule)', async () => {
  const browser = stage.stranger();
  const page = await browser.follow(await browser.get('/saml/unasked/sso'));
  const flow = /name="flow" value="([\w-]+)"/.exec(page.body)?.[1] ?? '';
  const form = { email: EMAIL, password: PASSWORD, flow };
  requirePosted(await browser.follow(await browser.post('/login/unasked', form)));
});

test('72 sent here by a website that is not the portal, the portal user is asked first (project rule)', async () => {
  const browser = await stage.signedIn('unasked');
  const evil = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', referer: 'https://evil.example/' };
  for (const headers of [evil, { ...evil, referer: `${PORTAL}.evil.example/` }, { 'sec-fetch-site': 'cross-site' }]) {
    const asked = await browser.follow(await browser.get('/saml/unasked/sso', headers));
    expect(postedBy(asked)).toBeUndefined();
    expect(asked.body).toContain('101Invoice');
    const flow = /name="flow" value="([\w-]+)"/.exec(asked.body)?.[1] ?? '';
    // Nor can the website answer for them.
    const forged = await browser.post(
      '/saml/unasked/sso',
      { flow, account: '101Invoice' },
      { 'sec-fetch-site': 'cross-site' },
    );
    expect([forged.statusCode, errorCodeOf(forged)]).toEqual([403, 'cross_site']);
    requirePosted(await browser.post('/saml/unasked/sso', { flow, account: '101Invoice' }));
  }
  const portal = { ...evil, referer: `${PORTAL}/` };
  requirePosted(await browser.get('/saml/unasked/sso', portal));
});
