import { beforeAll, expect, test } from 'vitest';
import { elementsNamed, errorCodeOf, postedBy, requirePosted } from '../../support/browser/browser-like.ts';
import { TEST_SP } from '../../support/installation.ts';
import { schemaErrors } from '../../support/saml/xml-tools.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const PORTAL = 'https://portal.example';
beforeAll(async () => {
  const settings = { unsolicited: true, unsolicitedRelayState: 'bills', portalUrl: `${PORTAL}/home` };
  await stage.addBiller('unasked', { settings });
});

test('unsolicited sign-on is off unless the biller’s settings allow it', {
  meta: { holds: ['IDP-071'], source: 'SAML Profiles 4.1.5' },
}, async () => {
  const page = await (await stage.signedIn()).get('/saml/riverton/sso');
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'saml_request_missing']);
});

test('has no InResponseTo, the agreed RelayState, the default ACS, and an audit row', {
  meta: { holds: ['IDP-038', 'IDP-045', 'IDP-071'], source: 'SAML Profiles 4.1.5' },
}, async () => {
  const posted = requirePosted(await (await stage.signedIn('unasked')).get('/saml/unasked/sso'));
  expect(posted).toMatchObject({ acs: 'https://sp.example/acs', relayState: 'bills' });
  expect(posted.xml).not.toContain('InResponseTo');
  const [assertion] = elementsNamed(posted.root, 'Assertion');
  const issued = (await stage.installation.operate('audit.list', {
    assertion: assertion?.attributes.get('ID'),
  })) as { event: string; requestId: null }[];
  expect(issued).toMatchObject([{ event: 'assertion.issued', requestId: null }]);
});

test('ignores a RelayState, an ACS or a person in the query', {
  meta: { holds: ['IDP-071'], source: 'SAML Profiles 4.1.5' },
}, async () => {
  await stage.addBiller('plain', { settings: { unsolicited: true } });
  const browser = await stage.signedIn('plain');
  expect(requirePosted(await browser.get('/saml/plain/sso')).relayState).toBeUndefined();
  for (const query of ['RelayState=x', 'AssertionConsumerServiceURL=https://evil.example/', 'account=101Invoice']) {
    const page = await browser.get(`/saml/plain/sso?${query}`);
    expect([query, page.statusCode, errorCodeOf(page)]).toEqual([query, 400, 'saml_request_missing']);
  }
});

test('a portal user without an account gets an error page, whether or not the sign-on was requested', {
  meta: { holds: ['IDP-070', 'IDP-071'], source: 'project rule' },
}, async () => {
  await stage.installation.addUser('unasked', 'new@example.com', PASSWORD, []);
  const browser = await stage.signedIn('unasked', 'new@example.com');
  for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
    const page = await browser.follow(await browser.get('/saml/unasked/sso', headers));
    expect([page.statusCode, errorCodeOf(page)]).toEqual([403, 'account_missing']);
  }
});

test('the assertion is like any other, except for InResponseTo', {
  meta: { holds: ['IDP-071'], source: 'SAML Profiles 4.1.4.2' },
}, async () => {
  const { root, xml } = requirePosted(await (await stage.signedIn('unasked')).get('/saml/unasked/sso'));
  expect(schemaErrors(xml, 'protocol')).toBe('');
  const [data] = elementsNamed(root, 'SubjectConfirmationData');
  expect([...(data?.attributes.keys() ?? [])].sort()).toEqual(['NotOnOrAfter', 'Recipient']);
  expect(elementsNamed(root, 'Audience').map(({ text }) => text)).toEqual([TEST_SP]);
  expect(elementsNamed(root, 'AttributeValue').map(({ text }) => text)).toEqual([EMAIL, '5', '101Invoice']);
  expect(elementsNamed(root, 'Signature')).toHaveLength(2);
});

test('a portal user without a session signs in first', {
  meta: { holds: ['IDP-071'], source: 'project rule' },
}, async () => {
  const browser = stage.stranger();
  const page = await browser.follow(await browser.get('/saml/unasked/sso'));
  const flow = /name="flow" value="([\w-]+)"/.exec(page.body)?.[1] ?? '';
  const form = { email: EMAIL, password: PASSWORD, flow };
  requirePosted(await browser.follow(await browser.post('/login/unasked', form)));
});

test('asks the portal user first unless the portal sent them', {
  meta: { holds: ['IDP-072'], source: 'project rule' },
}, async () => {
  const browser = await stage.signedIn('unasked');
  const evil = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', referer: 'https://evil.example/' };
  for (const headers of [
    evil,
    { ...evil, referer: `${PORTAL}.evil.example/` },
    { ...evil, referer: 'http://portal.example/' },
    { ...evil, referer: 'not an address' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    // A link in an email leads here by any website, and says no more than this.
    { 'sec-fetch-site': 'none' },
  ]) {
    const asked = await browser.follow(await browser.get('/saml/unasked/sso', headers));
    expect(postedBy(asked)).toBeUndefined();
    expect(asked.body).toContain('101Invoice');
    const flow = /name="flow" value="([\w-]+)"/.exec(asked.body)?.[1] ?? '';
    // The website can't answer for them either.
    const forged = await browser.post(
      '/saml/unasked/sso',
      { flow, account: '101Invoice' },
      { 'sec-fetch-site': 'cross-site' },
    );
    expect([forged.statusCode, errorCodeOf(forged)]).toEqual([403, 'cross_site']);
    requirePosted(await browser.post('/saml/unasked/sso', { flow, account: '101Invoice' }));
  }
  // The portal, and one of our own pages.
  for (const headers of [{ ...evil, referer: `${PORTAL}/` }, { 'sec-fetch-site': 'same-origin' }]) {
    requirePosted(await browser.get('/saml/unasked/sso', headers));
  }
});
