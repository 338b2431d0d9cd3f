import { expect, test } from 'vitest';
import { errorCodeOf, postedBy, requirePosted } from '../../support/browser/browser-like.ts';
import { authnRequest, postFields, redirectQuery } from '../../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const flowIn = (location: unknown) => /flow=([\w-]+)/.exec(String(location))?.[1] ?? '';
const message = () => authnRequest({ attributes: { IssueInstant: new Date(stage.now()).toISOString() } });

test('the auto-submit page is not cached or sniffed, sends no referrer, and can post to this ACS only', {
  meta: { holds: ['IDP-062', 'IDP-063'], source: 'SAML Bindings 3.5.5' },
}, async () => {
  const page = await stage.bring(await stage.signedIn());
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self' https://sp.example; frame-ancestors 'none'; base-uri 'none'",
  });
  // The form posts to the ACS, with a button in case scripts are off.
  expect(page.body).toMatch(/<form method="post" [^>]*action="https:\/\/sp\.example\/acs">/);
  expect(page.body).toMatch(/<noscript>[\s\S]*<button/);
  expect(page.body).not.toMatch(/<script>|onload=|onclick=|style="/);
});

test('the biller’s settings name the origins that the ACS redirects to and the portal that may frame pages', {
  meta: { holds: ['IDP-063', 'IDP-067'], source: 'project rule' },
}, async () => {
  const settings = {
    acsRedirectOrigins: ['https://www.invoicecloud.example'],
    portalUrl: 'https://portal.example/home',
  };
  await stage.addBiller('framed', { settings });
  const page = await stage.bring(await stage.signedIn('framed'), {}, undefined, 'framed');
  expect(page.headers['content-security-policy']).toContain(
    "form-action 'self' https://sp.example https://www.invoicecloud.example; frame-ancestors https://portal.example;",
  );
});

test('answers a request once, even if it comes several times at once', {
  meta: { holds: ['IDP-064'], source: 'SAML Profiles 4.1.4.5' },
}, async () => {
  const browser = await stage.signedIn();
  const url = `/saml/riverton/sso?${redirectQuery(message())}`;
  const answers = await Promise.all(Array.from({ length: 8 }, () => browser.get(url)));
  expect(answers.filter((answer) => postedBy(answer) !== undefined)).toHaveLength(1);
  expect(answers.filter((answer) => errorCodeOf(answer) === 'request_replayed')).toHaveLength(7);
  expect(errorCodeOf(await browser.get(url))).toBe('request_replayed');
});

test('parks a POST, also with line breaks in the base64, and redirects (303) to a GET that carries the Lax cookies', {
  meta: { holds: ['IDP-002', 'IDP-066'], source: 'SAML Bindings 3.5.4' },
}, async () => {
  const browser = await stage.signedIn();
  const session = browser.cookies.get('__Host-session-riverton') ?? '';
  const { SAMLRequest = '' } = postFields(message());
  const broken = SAMLRequest.replace(/.{76}/g, '$&\r\n');
  // The browser does not send the Lax cookie from another site.
  browser.cookies.clear();
  const parked = await browser.post(
    '/saml/riverton/sso',
    { SAMLRequest: broken, RelayState: 'rs' },
    { 'sec-fetch-site': 'cross-site' },
  );
  expect(parked.statusCode).toBe(303);
  expect(parked.headers.location).toMatch(/^\/saml\/riverton\/sso\?flow=[\w-]{16}$/);
  const [cookie] = parked.cookies as unknown as Record<string, unknown>[];
  expect(cookie).toMatchObject({ path: '/', httpOnly: true, secure: true, sameSite: 'Lax' });
  expect(cookie?.name).toMatch(/^__Host-flow-/);
  browser.cookies.set('__Host-session-riverton', session);
  expect(requirePosted(await browser.follow(parked)).relayState).toBe('rs');
});

test('a flow belongs to the browser that started it, and to its biller', {
  meta: { holds: ['IDP-065'], source: 'project rule' },
}, async () => {
  await stage.addBiller('neighbor');
  const [browser, thief] = [stage.stranger(), await stage.signedIn()];
  const parked = await browser.post('/saml/riverton/sso', postFields(message()));
  const path = String(parked.headers.location);
  const over = '/login/riverton?notice=over';
  expect((await thief.get(path)).headers.location).toBe(over);
  expect(errorCodeOf(await browser.get(path.replace('riverton', 'neighbor')))).toBe('flow_unknown');
  const forged = `__Host-flow-${flowIn(path)}`;
  thief.cookies.set(forged, 'A'.repeat(43));
  expect((await thief.get(path)).headers.location).toBe(over);
  expect((await browser.get(path)).headers.location).toMatch(/^\/login\//);
});

test('an answered flow makes no second assertion: Back and Refresh lead to the portal user’s page', {
  meta: { holds: ['IDP-064'], source: 'project rule' },
}, async () => {
  const browser = stage.stranger();
  const asked = await stage.bring(browser);
  const flow = flowIn(asked.headers.location);
  const signedIn = await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow });
  const resumed = String(signedIn.headers.location);
  requirePosted(await browser.get(resumed));
  const page = await browser.follow(await browser.get(resumed));
  expect(page.body).toContain('That choice has already been used to take you to Invoice Cloud.');
  expect(page.body).toContain('href="/launch/riverton/autopay?account&#61;101Invoice"');
});

test('every sign-in renews the session identifier, in a cookie that is Secure, HttpOnly and Lax', {
  meta: { holds: ['IDP-065'], source: 'project rule' },
}, async () => {
  const browser = stage.stranger();
  browser.cookies.set('__Host-session-riverton', 'B'.repeat(43));
  const first = await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD });
  const [cookie] = first.cookies as unknown as Record<string, unknown>[];
  expect(cookie).toMatchObject({
    name: '__Host-session-riverton',
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'Lax',
  });
  const one = browser.cookies.get('__Host-session-riverton');
  expect(one).toMatch(/^[\w-]{43}$/);
  await browser.signIn('riverton', EMAIL, PASSWORD);
  expect(browser.cookies.get('__Host-session-riverton')).not.toBe(one);
  // The previous session has ended.
  const old = stage.stranger();
  old.cookies.set('__Host-session-riverton', one ?? '');
  expect((await stage.bring(old)).headers.location).toMatch(/^\/login\//);
});

test('a session at one biller is not valid at another', async () => {
  const browser = await stage.signedIn('riverton');
  expect((await stage.bring(browser, {}, undefined, 'neighbor')).headers.location).toMatch(/^\/login\/neighbor/);
  browser.cookies.set('__Host-session-neighbor', browser.cookies.get('__Host-session-riverton') ?? '');
  expect((await stage.bring(browser, {}, undefined, 'neighbor')).headers.location).toMatch(/^\/login\/neighbor/);
});

test('one browser is signed in at several billers, and signs out of one at a time', async () => {
  const browser = await stage.signedIn('riverton');
  await browser.signIn('neighbor', EMAIL, PASSWORD);
  const isIn = async (biller: string) => (await browser.get(`/login/${biller}`)).body.includes('Sign out');
  expect([await isIn('riverton'), await isIn('neighbor')]).toEqual([true, true]);
  requirePosted(await stage.bring(browser));
  requirePosted(await stage.bring(browser, {}, undefined, 'neighbor'));
  await browser.post('/logout', { biller: 'neighbor' });
  expect([await isIn('riverton'), await isIn('neighbor')]).toEqual([true, false]);
  await browser.signIn('neighbor', EMAIL, PASSWORD);
  await browser.post('/logout', {});
  expect([await isIn('riverton'), await isIn('neighbor')]).toEqual([false, false]);
});

test('signing in at another biller leaves a session in the cookie of version 0.2.0 alone', async () => {
  const browser = await stage.signedIn('riverton');
  const id = browser.cookies.get('__Host-session-riverton') ?? '';
  browser.cookies.clear();
  browser.cookies.set('__Host-session', id);
  await browser.signIn('neighbor', EMAIL, PASSWORD);
  requirePosted(await stage.bring(browser));
  requirePosted(await stage.bring(browser, {}, undefined, 'neighbor'));
});

test('a session in the cookie of version 0.2.0 goes on, and ends at its own biller', async () => {
  const browser = await stage.signedIn('riverton');
  const id = browser.cookies.get('__Host-session-riverton') ?? '';
  browser.cookies.clear();
  browser.cookies.set('__Host-session', id);
  requirePosted(await stage.bring(browser));
  await browser.post('/logout', { biller: 'neighbor' });
  requirePosted(await stage.bring(browser));
  await browser.post('/logout', { biller: 'riverton' });
  expect(browser.cookies.has('__Host-session')).toBe(false);
  expect((await stage.bring(browser)).headers.location).toMatch(/^\/login\//);
});

test('in a frame, shows a page with a way out instead of the sign-in form', {
  meta: { holds: ['IDP-067'], source: 'project rule' },
}, async () => {
  const page = await stage
    .stranger()
    .get(`/saml/riverton/sso?${redirectQuery(message())}`, { 'sec-fetch-dest': 'iframe' });
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'framed']);
  expect(page.body).toContain('target="_blank"');
  expect(page.body).not.toContain('password');
});
