import { beforeAll, expect, test } from 'vitest';
import { elementsNamed, postedBy, requirePosted, statusOf } from '../../support/browser/browser-like.ts';
import { authnRequest, postFields } from '../../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const SEVERAL = 'kim@example.com';
const EMAIL_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';

beforeAll(async () => {
  const accounts = ['101Invoice:owner', '202Invoice:co-owner'];
  await stage.installation.addUser('riverton', SEVERAL, PASSWORD, accounts);
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { loginTypes: { owner: 1 } } });
});

test.each(['true', '1'])(
  'ForceAuthn="%s" requires one new sign-in, even with a session',
  { meta: { holds: ['IDP-030'], source: 'SAML Core 3.4.1' } },
  async (ForceAuthn) => {
    const browser = await stage.signedIn();
    stage.pass(60_000);
    const asked = await stage.bring(browser, { attributes: { ForceAuthn } });
    expect(asked.headers.location).toMatch(/^\/login\/riverton\?flow=[\w-]+&again=1$/);
    const page = await browser.follow(asked);
    expect(page.body).toContain('name="password"');
    // Continuing without signing in leads back to the form, never to the ACS.
    const flow = /flow=([\w-]+)/.exec(String(asked.headers.location))?.[1] ?? '';
    const around = await browser.get(`/saml/riverton/sso?flow=${flow}`);
    expect(around.headers.location).toContain('again=1');
    const form = { email: EMAIL, password: PASSWORD, flow };
    const { root } = requirePosted(await browser.follow(await browser.post('/login/riverton', form)));
    const instant = elementsNamed(root, 'AuthnStatement')[0]?.attributes.get('AuthnInstant') ?? '';
    expect(Date.parse(instant)).toBeGreaterThan(stage.now() - 30_000);
  },
);

test('ForceAuthn by POST never reaches the ACS without the password', {
  meta: { holds: ['IDP-030'], source: 'SAML Core 3.4.1' },
}, async () => {
  const browser = await stage.signedIn();
  const asked = await browser.follow(await stage.bringByPost(browser, { attributes: { ForceAuthn: '1' } }));
  expect(asked.body).toContain('name="password"');
  const flow = /name="flow" value="([\w-]+)"/.exec(asked.body)?.[1] ?? '';
  const wrong = await browser.post('/login/riverton', { email: EMAIL, password: 'wrong password', flow });
  expect(wrong.statusCode).toBe(401);
  expect((await browser.get(`/saml/riverton/sso?flow=${flow}`)).headers.location).toContain('/login/riverton');
  const right = await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow });
  requirePosted(await browser.follow(right));
  // After this new sign-in, a request without ForceAuthn does not ask again.
  requirePosted(await stage.bring(browser));
});

test('a session at another biller does not count', {
  meta: { holds: ['IDP-029'], source: 'project rule' },
}, async () => {
  await stage.addBiller('elsewhere');
  const browser = await stage.signedIn('elsewhere');
  const posted = requirePosted(await stage.bring(browser, { attributes: { IsPassive: 'true' } }));
  expect(statusOf(posted)).toEqual(['Responder', 'NoPassive']);
});

test('IsPassive with a session issues; if an account must be chosen it gets NoPassive, on both bindings', {
  meta: { holds: ['IDP-029'], source: 'SAML Core 3.4.1' },
}, async () => {
  const attributes = { IsPassive: 'true' };
  expect(statusOf(requirePosted(await stage.bring(await stage.signedIn(), { attributes })))).toEqual(['Success']);
  const several = await stage.signedIn('riverton', SEVERAL);
  expect(statusOf(requirePosted(await stage.bring(several, { attributes })))).toEqual(['Responder', 'NoPassive']);
  for (const browser of [several, stage.stranger()]) {
    const IssueInstant = new Date(stage.now()).toISOString();
    const message = authnRequest({ attributes: { ...attributes, IssueInstant } });
    const answer = await browser.follow(await browser.post('/saml/riverton/sso', postFields(message)));
    expect(statusOf(requirePosted(answer))).toEqual(['Responder', 'NoPassive']);
  }
});

test('IsPassive together with ForceAuthn gets NoPassive, and no page is shown', {
  meta: { holds: ['IDP-029'], source: 'SAML Core 3.4.1' },
}, async () => {
  const attributes = { IsPassive: 'true', ForceAuthn: 'true' };
  const posted = requirePosted(await stage.bring(await stage.signedIn(), { attributes }));
  expect(statusOf(posted)).toEqual(['Responder', 'NoPassive']);
});

const subject = (nameId: string, format?: string) =>
  `<saml:Subject><saml:NameID${format === undefined ? '' : ` Format="${format}"`}>${nameId}</saml:NameID></saml:Subject>`;

test('a Subject that names the signed-in portal user, by email or persistent NameID, is accepted', {
  meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1.4' },
}, async () => {
  const browser = await stage.signedIn();
  const policy = `<samlp:NameIDPolicy Format="${PERSISTENT}"/>`;
  const { root } = requirePosted(await stage.bring(browser, { inside: policy }));
  const persistent = elementsNamed(root, 'NameID')[0]?.text ?? '';
  for (const inside of [
    subject(EMAIL),
    subject(EMAIL, UNSPECIFIED),
    subject(EMAIL.toUpperCase(), EMAIL_FORMAT),
    subject(persistent, PERSISTENT),
  ]) {
    expect(statusOf(requirePosted(await stage.bring(browser, { inside })))).toEqual(['Success']);
  }
});

test('a Subject that names anyone else gets UnknownPrincipal, whether or not that person exists', {
  meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1.4' },
}, async () => {
  const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
  const browser = await stage.signedIn();
  for (const inside of [
    subject(SEVERAL),
    subject(SEVERAL, UNSPECIFIED),
    subject('nobody@example.com', EMAIL_FORMAT),
    subject(EMAIL, PERSISTENT),
    subject('A'.repeat(43), PERSISTENT),
    subject(EMAIL, transient),
    subject(EMAIL, 'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos'),
  ]) {
    const posted = requirePosted(await stage.bring(browser, { inside }));
    expect(statusOf(posted)).toEqual(['Requester', 'UnknownPrincipal']);
    // A stranger has to sign in first, so that nothing reveals who exists.
    expect((await stage.bring(stage.stranger(), { inside })).headers.location).toMatch(/^\/login\//);
  }
});

test('the person who then signs in must be the one that the Subject names', {
  meta: { holds: ['IDP-026'], source: 'SAML Core 3.4.1.4' },
}, async () => {
  for (const [email, status] of [
    [SEVERAL, ['Requester', 'UnknownPrincipal']],
    [EMAIL, ['Success']],
  ] as const) {
    const browser = stage.stranger();
    const asked = await stage.bring(browser, { inside: subject(EMAIL, EMAIL_FORMAT) }, 'state');
    const flow = /flow=([\w-]+)/.exec(String(asked.headers.location))?.[1] ?? '';
    const resumed = await browser.post('/login/riverton', { email, password: PASSWORD, flow });
    const posted = requirePosted(await browser.follow(resumed));
    expect([statusOf(posted), posted.relayState]).toEqual([status, 'state']);
    if (email === SEVERAL) expect(posted.xml).not.toContain('<saml:Assertion');
    // The flow is over, either way.
    const page = await browser.follow(resumed);
    expect(page.body).toContain('That choice has already been used');
    expect(postedBy(page)).toBeUndefined();
  }
});

test('a portal user with several accounts chooses one, which determines the claims; someone else’s is refused', async () => {
  const browser = await stage.signedIn('riverton', SEVERAL);
  const page = await browser.follow(await stage.bring(browser));
  expect(page.body).toContain('202Invoice');
  const flow = /name="flow" value="([\w-]+)"/.exec(page.body)?.[1] ?? '';
  const refused = await browser.post('/saml/riverton/sso', { flow, account: '303Invoice' });
  expect(refused.statusCode).toBe(403);
  const { root } = requirePosted(await browser.post('/saml/riverton/sso', { flow, account: '202Invoice' }));
  const claims = elementsNamed(root, 'Attribute').map((one) => [one.attributes.get('Name'), one.children[0]?.text]);
  expect(claims).toEqual([
    ['Email', SEVERAL],
    ['LoginType', '5'],
    ['AccountNumber', '202Invoice'],
  ]);
});
