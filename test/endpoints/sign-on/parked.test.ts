import { expect, test } from 'vitest';
import { errorCodeOf, requirePosted, statusOf } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const OTHER_ACS = 'https://sp.example/other-acs';

test('a parked request is not answered to an ACS that was removed in the meantime', {
  meta: { holds: ['IDP-023'], source: 'project rule' },
}, async () => {
  const acs = [TEST_ACS, OTHER_ACS];
  await stage.addBiller('moved', { entityId: TEST_SP, acs });
  const bring = async (acsUrl: string) => {
    const browser = stage.stranger();
    const parts = { attributes: { AssertionConsumerServiceURL: acsUrl } };
    const { headers } = await stage.bring(browser, parts, undefined, 'moved');
    return { browser, flow: new URL(String(headers.location), 'https://x').searchParams.get('flow') ?? '' };
  };
  const [gone, kept] = [await bring(OTHER_ACS), await bring(TEST_ACS)];
  await stage.installation.operate('biller.update', { slug: 'moved', entityId: TEST_SP, acs: [TEST_ACS] });

  await gone.browser.signIn('moved', EMAIL, PASSWORD);
  const answer = await gone.browser.get(`/saml/moved/sso?flow=${gone.flow}`);
  expect(answer.headers.location).toBe('/login/moved?notice=over');

  await kept.browser.signIn('moved', EMAIL, PASSWORD);
  expect(requirePosted(await kept.browser.get(`/saml/moved/sso?flow=${kept.flow}`)).acs).toBe(TEST_ACS);
});

test('an error too goes to the requested ACS, not to the default one', {
  meta: { holds: ['IDP-037'], source: 'SAML Core 3.2.2' },
}, async () => {
  await stage.addBiller('two-acs', { entityId: TEST_SP, acs: [TEST_ACS, OTHER_ACS] });
  const attributes = { AssertionConsumerServiceURL: OTHER_ACS, IsPassive: 'true' };
  const posted = requirePosted(await stage.bring(stage.stranger(), { attributes }, undefined, 'two-acs'));
  expect(statusOf(posted)[1]).toMatch(/NoPassive$/);
  expect(posted.acs).toBe(OTHER_ACS);
  expect(posted.root.attributes.get('Destination')).toBe(OTHER_ACS);
});

test('in a frame, shows a page with a way out instead of the account choice', {
  meta: { holds: ['IDP-067'], source: 'project rule' },
}, async () => {
  await stage.addBiller('several');
  const email = 'two.accounts@example.com';
  await stage.installation.addUser('several', email, PASSWORD, ['101Invoice:owner', '102Invoice:owner']);
  const browser = await stage.signedIn('several', email);
  const { headers } = await stage.bring(browser, {}, undefined, 'several');
  const choice = String(headers.location);
  expect((await browser.get(choice)).body).toContain('102Invoice');
  const framed = await browser.get(choice, { 'sec-fetch-dest': 'iframe' });
  expect([framed.statusCode, errorCodeOf(framed)]).toEqual([400, 'framed']);
  expect(framed.body).not.toContain('102Invoice');
});

test('redirects are not cached either', {
  meta: { holds: ['IDP-062'], source: 'project rule' },
}, async () => {
  const { statusCode, headers } = await stage.bring(stage.stranger());
  expect([statusCode, headers['cache-control'], headers['referrer-policy']]).toEqual([303, 'no-store', 'no-referrer']);
});
