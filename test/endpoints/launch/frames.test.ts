import { beforeAll, expect, test } from 'vitest';
import {
  comeBack,
  enterFrame,
  FRAME,
  followFramed,
  framedTicket,
  newFramedUser,
  OWN,
  FRAMING_PORTAL as PORTAL,
} from '../../support/api/framed-launches.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import {
  type BrowserLike,
  createBrowserLike,
  errorCodeOf,
  postedBy,
  requirePosted,
  statusOf,
} from '../../support/browser/browser-like.ts';
import { authnRequest, postFields, redirectQuery } from '../../support/saml/authn-request.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage({ billerInput: { settings: { portalUrl: `${PORTAL}/home` } } });
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});

const newUser = newFramedUser;
const launch = (over: Record<string, unknown>) => framedTicket(portal, over);
const enter = enterFrame;
const follow = (browser: BrowserLike, over: Record<string, unknown>) => followFramed(portal, browser, over);
const now = () => ({ attributes: { IssueInstant: new Date(stage.now()).toISOString() } });
const bring = (browser: BrowserLike) => browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest(now()))}`, FRAME);

test('the first page sets a partitioned cookie, uses nothing up, and is for the portal’s frames only', async () => {
  const browser = stage.stranger();
  const ticket = await launch({ user: newUser(), account: '501Invoice' });
  for (let times = 0; times < 2; times += 1) {
    const page = await enter(browser, ticket);
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain(`frame-ancestors ${PORTAL};`);
    expect(page.headers['set-cookie']).toMatch(
      /^__Host-framed-[0-9a-f]{24}=check; Path=\/; HttpOnly; Secure; Partitioned; SameSite=None$/,
    );
  }
  const next = await comeBack(browser, ticket);
  expect([next.statusCode, next.headers.location]).toEqual([303, expect.stringContaining('501Invoice&ViewMode=1')]);
  expect((await stage.audited('launch.followed')).details).toMatchObject({ framed: 'yes', viewMode: 1 });
});

test('where the cookie does not come back, a window of its own is offered with a fresh ticket', async () => {
  const ticket = await launch({ user: newUser(), account: '501Invoice' });
  await enter(stage.stranger(), ticket);
  const page = await comeBack(stage.stranger(), ticket);
  expect(errorCodeOf(page)).toBe('framed');
  expect((await stage.audited('launch.ticket_refused')).details).toMatchObject({ reason: 'framed' });
  const href = /href="(\/launch\/t\/[\w-]{43})" target="_blank"/.exec(page.body)?.[1] ?? '';
  expect(href).not.toContain(ticket);
  expect(errorCodeOf(await enter(stage.stranger(), ticket))).toBe('launch_used');
  stage.pass(4 * 60_000);
  const arrived = await stage.stranger().get(href, { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' });
  expect(arrived.headers.location).toContain('501Invoice&ViewMode=0');
});

test('a form of another website can’t take the second step', async () => {
  const browser = stage.stranger();
  const ticket = await launch({ user: newUser(), account: '501Invoice' });
  await enter(browser, ticket);
  expect(errorCodeOf(await comeBack(browser, ticket, FRAME))).toBe('cross_site');
  expect((await comeBack(browser, ticket)).statusCode).toBe(303);
});

test('the session of a frame counts in frames only, by both bindings', async () => {
  const browser = stage.stranger();
  await follow(browser, { user: newUser(), account: '502Invoice' });
  expect((await stage.bring(browser)).headers.location).toMatch(/^\/login/);
  expect(requirePosted(await bring(browser)).xml).toContain('>502Invoice<');
  // Once more, without another launch: it is still for that account.
  const posted = await browser.post('/saml/riverton/sso', postFields(authnRequest(now())), FRAME);
  expect(requirePosted(posted).xml).toContain('>502Invoice<');
});

test('the second of two frames waits for the sign-on of the first', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  const second = follow(browser, { user, account: '502Invoice' });
  expect(requirePosted(await bring(browser)).xml).toContain('>501Invoice<');
  expect((await second).statusCode).toBe(303);
  expect(requirePosted(await bring(browser)).xml).toContain('>502Invoice<');
});

test('where two launches wait, the portal user chooses between their accounts, inside the frame', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  stage.pass(6_000);
  await follow(browser, { user, account: '502Invoice' });
  const parked = await bring(browser);
  expect(parked.headers['set-cookie']).toMatch(/^__Host-flow-.*; Partitioned; SameSite=None$/);
  const page = await browser.get(String(parked.headers.location), FRAME);
  expect(page.body.match(/data-account="\w+"/g)).toEqual(['data-account="501Invoice"', 'data-account="502Invoice"']);
  expect(page.body).not.toContain('Not you?');
  expect(page.headers['content-security-policy']).toContain(`frame-ancestors ${PORTAL};`);
  const flow = String(parked.headers.location).split('flow=')[1] ?? '';
  const forged = await browser.post('/saml/riverton/sso', { flow, account: '503Invoice' }, OWN);
  expect([postedBy(forged), forged.body.includes('data-account="503Invoice"')]).toEqual([undefined, false]);
  const chosen = await browser.post('/saml/riverton/sso', { flow, account: '501Invoice' }, OWN);
  expect(requirePosted(chosen).xml).toContain('>501Invoice<');
  expect(requirePosted(await bring(browser)).xml).toContain('>502Invoice<');
});

test('a choice counts also when the sign-on of that account has taken place, and another launch still waits', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  stage.pass(6_000);
  await follow(browser, { user, account: '502Invoice' });
  const [one, other] = [await bring(browser), await bring(browser)];
  for (const { headers } of [one, other]) {
    const flow = String(headers.location).split('flow=')[1] ?? '';
    const answer = await browser.post('/saml/riverton/sso', { flow, account: '501Invoice' }, OWN);
    expect(requirePosted(answer).xml).toContain('>501Invoice<');
  }
});

test('the choice of an account that no frame is for is refused', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  stage.pass(6_000);
  await follow(browser, { user, account: '502Invoice' });
  const flow = String((await bring(browser)).headers.location).split('flow=')[1] ?? '';
  // The frame of the other account is replaced meanwhile, and only one is left.
  const [name = ''] = [...browser.cookies.keys()].filter((key) => key.startsWith('__Host-framed-'));
  browser.cookies.delete(name);
  const answer = await browser.post('/saml/riverton/sso', { flow, account: '501Invoice' }, OWN);
  expect(errorCodeOf(answer)).toBe('account_forbidden');
});

test('a frame whose user was removed is not signed on for whoever is signed in at top level', async () => {
  const browser = await stage.signedIn();
  expect(requirePosted(await bring(browser)).xml).toContain('pat@example.com');
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  await portal.call('DELETE', `/api/users/${user.id}`);
  expect(errorCodeOf(await bring(browser))).toBe('framed');
  expect(requirePosted(await stage.bring(browser)).xml).toContain('pat@example.com');
});

test('a browser keeps the cookies of sixteen launches', async () => {
  const browser = stage.stranger();
  for (let times = 0; times < 18; times += 1) {
    await enter(browser, await launch({ user: newUser(), account: '501Invoice' }));
  }
  expect(browser.cookies.size).toBe(16);
});

test('a page may have eight frames: the ninth takes the place of the oldest', async () => {
  const numbers = Array.from({ length: 9 }, (_, index) => `90${index}Invoice`);
  const user = { ...newUser(), accounts: numbers.map((number) => ({ number, role: 'owner' })) };
  const browser = stage.stranger();
  for (const account of numbers) {
    await follow(browser, { user, account });
    expect(requirePosted(await bring(browser)).xml).toContain(`>${account}<`);
  }
  expect(browser.cookies.size).toBe(8);
});

test('of the same ticket at the same time, in two frames, one is followed', async () => {
  const browser = stage.stranger();
  const ticket = await launch({ user: newUser(), account: '501Invoice' });
  await enter(browser, ticket);
  const answers = await Promise.all([comeBack(browser, ticket), comeBack(browser, ticket)]);
  expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([303, 410]);
});

test('a used ticket leads the frame back to the portal for a new one', async () => {
  const refreshUrl = `${PORTAL}/pay?again=1`;
  const browser = stage.stranger();
  const ticket = await launch({ user: newUser(), account: '501Invoice', refreshUrl });
  await enter(browser, ticket);
  await comeBack(browser, ticket);
  expect((await enter(browser, ticket)).headers.location).toBe(refreshUrl);
  const page = await enter(browser, ticket);
  expect(errorCodeOf(page)).toBe('launch_used');
  expect(page.body).toContain(`href="${PORTAL}/home" target="_top"`);
});

test('a launch replaces the frames of another portal user, and of the same account', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  await follow(browser, { user, account: '501Invoice' });
  const before = new Map(browser.cookies);
  expect([...before.keys()]).toHaveLength(1);
  const next = newUser();
  await follow(browser, { user: next, account: '502Invoice' });
  expect([...browser.cookies.keys()]).toHaveLength(1);
  expect(requirePosted(await bring(browser)).xml).toContain(next.email);
  // The session has ended, too, not only its cookie.
  expect(errorCodeOf(await bring(createBrowserLike(stage.installation.server, before)))).toBe('framed');
});

test('a password is never asked for in a frame, and ForceAuthn is answered with an error', async () => {
  expect(errorCodeOf(await bring(stage.stranger()))).toBe('framed');
  const browser = stage.stranger();
  await follow(browser, { user: newUser(), account: '501Invoice' });
  const forced = authnRequest({ attributes: { ...now().attributes, ForceAuthn: 'true' } });
  const answer = await browser.get(`/saml/riverton/sso?${redirectQuery(forced)}`, FRAME);
  expect(statusOf(requirePosted(answer))[0]).not.toBe('Success');
});
