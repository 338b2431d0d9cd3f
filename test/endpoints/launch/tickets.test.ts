import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { createServer } from '../../../src/endpoints/server.ts';
import { launchBody, pathOf } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import {
  createBrowserLike,
  errorCodeOf,
  referenceOf,
  requirePosted,
  textOf,
} from '../../support/browser/browser-like.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const GUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const PORTAL = 'https://portal.example';
const REFRESH = `${PORTAL}/pay?again=1`;
const LINK = `https://sso.invoicecloud.com/saml/${GUID}?account=501Invoice&ViewMode=0&DeepLinkID=1`;
const stage = useStage({
  billerInput: { billerGuid: GUID, settings: { portalUrl: `${PORTAL}/home` } },
});
let portal: PortalApi;
const newPortal = async (biller = 'riverton') => {
  const added = await stage.installation.operate('api-key.add', { biller, role: 'portal' });
  return createPortalApi(stage.installation.server, (added as { key: string }).key);
};
beforeAll(async () => {
  portal = await newPortal();
});
let users = 0;
/** A launch of a fresh user. @returns the path of its address */
async function launch(over: Record<string, unknown> = {}, by = portal): Promise<string> {
  users += 1;
  const user = { ...launchBody().user, id: `fresh-${users}` };
  const { url } = (await by.call('POST', '/api/launches', launchBody({ user, ...over }))).json() as { url: string };
  return pathOf(url);
}
const FROM_PORTAL = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document', referer: `${PORTAL}/` };

test('a ticket begins a session and leads to the redirect link; the sign-on is for that user and account', async () => {
  const browser = stage.stranger();
  const accounts = ['501Invoice', '502Invoice'].map((number) => ({ number, role: 'owner' }));
  const user = { id: 'u-1', email: 'launched@example.com', accounts };
  const answer = await browser.get(await launch({ user, account: '502Invoice', destination: 13 }), FROM_PORTAL);
  expect([answer.statusCode, answer.headers.location]).toEqual([
    303,
    expect.stringContaining('account=502Invoice&ViewMode=0&DeepLinkID=13'),
  ]);
  expect([answer.headers['cache-control'], answer.headers['referrer-policy']]).toEqual(['no-store', 'no-referrer']);
  expect((await stage.audited('launch.followed')).details).toMatchObject({ beganBy: 'portal', destination: 13 });
  const { root, xml } = requirePosted(await stage.bring(browser));
  expect(textOf(root, 'NameID')).toBe('launched@example.com');
  expect(xml).toContain('>502Invoice<');
});

test('two tabs that launch different accounts of one user are not mixed up: the user is asked', async () => {
  const accounts = ['601Invoice', '602Invoice'].map((number) => ({ number, role: 'owner' }));
  const user = { id: 'u-tabs', email: EMAIL, accounts };
  const browser = stage.stranger();
  for (const { number } of accounts) await browser.get(await launch({ user, account: number }));
  const page = await browser.follow(await stage.bring(browser));
  for (const { number } of accounts) expect(page.body).toContain(number);
  // Another user's launch in the same browser has nothing to do with it.
  await browser.get(await launch({ user, account: '602Invoice' }));
  await browser.get(await launch({ user: { ...user, id: 'u-other' }, account: '601Invoice' }));
  expect(requirePosted(await stage.bring(browser)).xml).toContain('>601Invoice<');
});

test('a form keeps the ticket out of the address', async () => {
  const browser = stage.stranger();
  const ticket = (await launch()).slice('/launch/t/'.length);
  const headers = { 'sec-fetch-site': 'cross-site', origin: PORTAL };
  expect((await browser.post('/launch/t', { ticket }, headers)).headers.location).toBe(LINK);
  expect(errorCodeOf(await browser.post('/launch/t', { ticket }, headers))).toBe('launch_used');
  expect(errorCodeOf(await browser.post('/launch/t', {}, headers))).toBe('launch_unknown');
});

test('whoever was signed in here before is replaced', async () => {
  const browser = await stage.signedIn();
  const before = new Map(browser.cookies);
  await browser.get(await launch({ user: { ...launchBody().user, id: 'u-2', email: 'next@example.com' } }));
  expect(textOf(requirePosted(await stage.bring(browser)).root, 'NameID')).toBe('next@example.com');
  const old = createBrowserLike(stage.installation.server, before);
  expect((await stage.bring(old)).headers.location).toMatch(/^\/login/);
});

test('a used ticket leads back to the portal for a new one, and the second time to a page', async () => {
  const path = await launch({ refreshUrl: REFRESH });
  await stage.stranger().get(path);
  const again = await stage.stranger().get(path);
  expect([again.statusCode, again.headers.location]).toEqual([303, REFRESH]);
  expect((await stage.audited('launch.ticket_refused')).details).toMatchObject({ reason: 'used', led: 'portal' });
  const loop = await stage.stranger().get(path);
  expect([loop.statusCode, errorCodeOf(loop)]).toEqual([410, 'launch_used']);
  expect(loop.body).toContain(`href="${PORTAL}/home"`);
  expect((await stage.audited('launch.ticket_refused')).reference).toBe(referenceOf(loop));
});

test('an expired ticket does, and a portal that brings expired ones in a loop is noticed', async () => {
  stage.holdClock();
  const user = { ...launchBody().user, id: 'u-loop' };
  const stale = async () => {
    const path = await launch({ user, refreshUrl: REFRESH });
    stage.pass(60_000);
    return stage.stranger().get(path);
  };
  expect((await stale()).headers.location).toBe(REFRESH);
  expect(errorCodeOf(await stale())).toBe('launch_expired');
  // A launch that works ends the loop; the next one that does not may be made anew.
  await stage.stranger().get(await launch({ user }));
  expect((await stale()).headers.location).toBe(REFRESH);
});

test('without a refreshUrl there is a page that leads back: to the returnUrl, or to the registered page', async () => {
  for (const [returnUrl, href] of [
    [undefined, `${PORTAL}/home`],
    [`${PORTAL}/bills`, `${PORTAL}/bills`],
  ]) {
    const path = await launch({ returnUrl });
    await stage.stranger().get(path);
    const page = await stage.stranger().get(path);
    expect(page.body).toContain(`href="${href}"`);
    expect(page.headers['referrer-policy']).toBe('no-referrer');
  }
});

test('the ticket is good to the last moment of a minute', async () => {
  stage.holdClock();
  const path = await launch();
  stage.pass(59_999);
  expect((await stage.stranger().get(path)).headers.location).toBe(LINK);
});

test.each([
  ['GET', { 'sec-purpose': 'prefetch' }],
  ['GET', { 'sec-purpose': 'prefetch;prerender' }],
  ['GET', { purpose: 'prefetch' }],
  ['GET', { 'x-moz': 'prefetch' }],
  ['GET', { 'x-purpose': 'preview' }],
  ['GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }],
  ['GET', { 'user-agent': 'facebookexternalhit/1.1' }],
  ['GET', { 'user-agent': 'WhatsApp/2.23.20.0' }],
  ['GET', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
  ['GET', { 'user-agent': 'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5' }],
  ['HEAD', {}],
  ['OPTIONS', {}],
] as const)('%s with %j uses nothing up', async (method, headers) => {
  const path = await launch();
  const answer = await stage.installation.server.inject({ method, url: path, headers: { ...headers } });
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.headers['set-cookie']).toBeUndefined();
  expect((await stage.stranger().get(path)).headers.location).toBe(LINK);
});

test('a phone whose name sounds like a robot is none', async () => {
  const agent = 'Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36';
  expect((await stage.stranger().get(await launch(), { 'user-agent': agent })).headers.location).toBe(LINK);
});

test('Invoice Cloud’s whole page is not put into a frame: a new window is offered, and the ticket is kept for it', async () => {
  const path = await launch();
  const framed = await stage.stranger().get(path, { ...FROM_PORTAL, 'sec-fetch-dest': 'iframe' });
  expect(errorCodeOf(framed)).toBe('framed');
  expect(framed.body).toContain(`href="${path}" target="_blank"`);
  expect(framed.headers['content-security-policy']).toContain(`frame-ancestors ${PORTAL};`);
  expect((await stage.stranger().get(path)).headers.location).toBe(LINK);
});

test('an account that was taken from the user in the meantime is not launched', async () => {
  const user = { ...launchBody().user, id: 'u-3' };
  const path = await launch({ user });
  await portal.call('PUT', '/api/users/u-3', { email: EMAIL, accounts: [] });
  const answer = await stage.stranger().get(path);
  expect([answer.statusCode, errorCodeOf(answer)]).toEqual([403, 'account_forbidden']);
  expect(answer.headers['set-cookie']).toBeUndefined();
});

test('a user who was removed in the meantime is not launched', async () => {
  const path = await launch({ user: { ...launchBody().user, id: 'u-4' } });
  await portal.call('DELETE', '/api/users/u-4');
  expect(errorCodeOf(await stage.stranger().get(path))).toBe('launch_unknown');
});

test('the session of a launch ends with the user, and follows what the portal says', async () => {
  const browser = stage.stranger();
  await browser.get(await launch({ user: { ...launchBody().user, id: 'u-5' } }));
  await portal.call('PUT', '/api/users/u-5', {
    email: 'other@example.com',
    accounts: [{ number: '9', role: 'owner' }],
  });
  // The account of the launch is not theirs any more.
  expect(errorCodeOf(await stage.bring(browser))).toBe('account_forbidden');
  expect(requirePosted(await stage.bring(browser)).xml).toContain('>9<');
  await portal.call('DELETE', '/api/users/u-5');
  expect((await stage.bring(browser)).headers.location).toMatch(/^\/login/);
});

test('the ticket is in no line of the log', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const server = await createServer(stage.installation.services, { logger, settings: {} });
  const path = await launch();
  const browser = createBrowserLike(server);
  for (const url of [path, path, `${path}x`, `${path}/%zz`, `${path}%zz`]) await browser.get(url);
  await browser.post('/launch/t', { ticket: path.slice('/launch/t/'.length) });
  await server.close();
  expect(lines.filter((line) => line.includes('/launch/t'))).toHaveLength(4);
  expect(lines.join('')).not.toContain(path.slice(-43));
});

test('tickets that are more than a day old are deleted', async () => {
  stage.holdClock();
  const path = await launch({ refreshUrl: REFRESH });
  stage.pass(24 * 3_600_000);
  await stage.installation.services.tidy();
  expect((await stage.stranger().get(path)).headers.location).toBe(REFRESH);
  stage.pass(60_001);
  await stage.installation.services.tidy();
  expect(errorCodeOf(await stage.stranger().get(path))).toBe('launch_unknown');
});

test('a biller can’t take the short name that tickets use', async () => {
  await expect(stage.addBiller('t')).rejects.toMatchObject({ field: 'slug' });
});
