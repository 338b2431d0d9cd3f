import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox } from '../../../sandbox/app.ts';
import { launchBody } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import { launchChromium } from '../../support/browser/chromium.ts';
import { startTlsSite, type TlsSite } from '../../support/browser/tls-site.ts';
import { startInstallation, type TestInstallation } from '../../support/installation.ts';
import { freePort } from '../../support/programs/free-port.ts';

// Sites of their own, with TLS: the service, the portal, Invoice Cloud's stand-in, and strangers.
const IDP = 'https://idp-b.test';
const PORTAL = 'https://portal-a.test';
const PAY = 'https://pay-c.test';
const EVIL = 'https://evil-e.test';
const ELSEWHERE = 'https://elsewhere-o.test';
let installation: TestInstallation;
let sandbox: FastifyInstance;
let portalServer: Server;
let tlsSites: Record<string, number>;
const fronts: TlsSite[] = [];
let portalPage = '';
const portals = new Map<string, PortalApi>();
const BILLERS = { 'HTTP-Redirect': 'riverton', 'HTTP-POST': 'lakeside' } as const;
const ACCOUNTS = ['501Invoice', '502Invoice'];
let users = 0;

beforeAll(async () => {
  portalServer = createServer((request, response) => {
    if (request.url === '/own-cookie') {
      const seen = request.headers.cookie?.includes('own=1') === true ? 'came back' : 'did not come back';
      response.setHeader('set-cookie', 'own=1; Path=/; Secure; HttpOnly; SameSite=None').end(`The cookie ${seen}.`);
      return;
    }
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>Portal</title>${portalPage}`);
  });
  const listening = new Promise<void>((resolve) => portalServer.listen(0, '127.0.0.1', resolve));
  const [ownPort, sandboxPort] = [await freePort(), await freePort(), await listening];
  const portalPort = (portalServer.address() as AddressInfo).port;
  for (const port of [ownPort, portalPort, sandboxPort]) fronts.push(await startTlsSite(port));
  const [idp = 0, portal = 0, pay = 0] = fronts.map(({ port }) => port);
  const hosts = { [IDP]: idp, [PORTAL]: portal, [PAY]: pay, [EVIL]: portal, [ELSEWHERE]: portal };
  tlsSites = Object.fromEntries(Object.entries(hosts).map(([url, port]) => [new URL(url).host, port]));
  const direct = `http://localhost:${ownPort}`;
  sandbox = await createSandbox({ publicUrl: PAY, idpOrigins: [direct] });
  await sandbox.listen({ port: sandboxPort, host: '127.0.0.1' });
  installation = await startInstallation({ publicUrl: IDP });
  await installation.server.listen({ port: ownPort, host: '127.0.0.1' });
  for (const [binding, slug] of Object.entries(BILLERS)) await onboard(slug, binding, direct);
});
afterAll(async () => {
  await installation?.close();
  await sandbox?.close();
  portalServer?.close();
  for (const front of fronts) front.close();
});

/** @param direct where programs reach the service, without TLS */
async function onboard(slug: string, binding: string, direct: string): Promise<void> {
  const billerGuid = crypto.randomUUID();
  const spMetadata = (await sandbox.inject(`/saml/${billerGuid}/metadata`)).body;
  const settings = { portalUrl: `${PORTAL}/home`, redirectLinkBase: PAY };
  await installation.addBiller(slug, { keyType: 'RSA-2048', billerGuid, spMetadata, settings });
  const form = { billerGuid, name: 'Riverton', metadataUrl: `${direct}/saml/${slug}/metadata`, binding };
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const payload = new URLSearchParams(form).toString();
  const answer = await sandbox.inject({ method: 'POST', url: '/onboarding', headers, payload });
  expect(answer.statusCode).toBe(200);
  const added = (await installation.operate('api-key.add', { biller: slug, role: 'portal' })) as { key: string };
  portals.set(slug, createPortalApi(installation.server, added.key));
}

const newUser = () => {
  users += 1;
  const accounts = ACCOUNTS.map((number) => ({ number, role: 'owner' }));
  return { id: `framed-${users}`, email: `framed-${users}@example.com`, accounts };
};

async function makeLaunch(slug: string, over: Record<string, unknown>): Promise<string> {
  const portal = portals.get(slug);
  if (portal === undefined) throw new Error(`There is no portal of ${slug}.`);
  const answer = await portal.call('POST', '/api/launches', launchBody({ viewMode: 1, ...over }));
  return (answer.json() as { url: string }).url;
}

async function openPage(browser: Browser, content: string, site = PORTAL): Promise<Page> {
  portalPage = content;
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${site}/pay`, { waitUntil: 'commit' });
  return page;
}

const frameOf = (src: string) => `<iframe src="${src}" width="400" height="600"></iframe>`;
const accountIn = async (frame: FrameLocator) => (await frame.getByTestId('account').textContent()) ?? '';

describe.each([true, false])('third-party cookies blocked: %s', (blockThirdPartyCookies) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium({ blockThirdPartyCookies, tlsSites });
  });
  afterAll(() => browser?.close());

  test('control: a cookie that is not partitioned is kept out of frames, or is not', async () => {
    const page = await openPage(browser, frameOf(`${ELSEWHERE}/own-cookie`));
    const own = await page.context().newPage();
    await own.goto(`${ELSEWHERE}/own-cookie`);
    await page.reload();
    const expected = blockThirdPartyCookies ? 'The cookie did not come back.' : 'The cookie came back.';
    await page.frameLocator('iframe').getByText(expected).waitFor();
  });

  test.each(Object.entries(BILLERS))('by %s, a frame of the portal arrives without a click', async (_binding, slug) => {
    const user = newUser();
    const page = await openPage(browser, frameOf(await makeLaunch(slug, { user, account: '502Invoice' })));
    const frame = page.frameLocator('iframe');
    expect(await accountIn(frame)).toBe('502Invoice');
    expect(await frame.getByTestId('email').textContent()).toBe(user.email);
    const cookies = await page.context().cookies();
    const ours = cookies.filter(({ domain }) => domain === 'idp-b.test');
    expect(ours.map(({ name }) => name)).toEqual([expect.stringMatching(/^__Host-framed-[0-9a-f]{24}$/)]);
    expect(ours[0]).toMatchObject({ secure: true, httpOnly: true, sameSite: 'None' });
    // Nobody is signed in at top level.
    const top = await page.context().newPage();
    await top.goto(`${installation.publicUrl}/login/${slug}`);
    await top.getByRole('heading', { name: 'Sign in' }).waitFor();
    const back = top.getByRole('link', { name: 'Back to Riverton Water' });
    expect(await back.getAttribute('href')).toBe(`${PORTAL}/home`);
  });

  test.each(Object.entries(BILLERS))('by %s, a link of the portal arrives at top level', async (_binding, slug) => {
    const url = await makeLaunch(slug, { user: newUser(), account: '502Invoice', viewMode: 0 });
    const page = await openPage(browser, `<a href="${url}">Pay my bill</a>`);
    await page.getByText('Pay my bill').click();
    await page.waitForURL(`${PAY}/pay/**`);
    expect(await page.getByTestId('account').textContent()).toBe('502Invoice');
    const ours = (await page.context().cookies()).filter(({ domain }) => domain === 'idp-b.test');
    expect(ours.map(({ name }) => name)).toContain(`__Host-session-${slug}`);
  });

  test('two frames with two accounts, side by side, both arrive at theirs', async () => {
    const user = newUser();
    const urls = await Promise.all(ACCOUNTS.map((account) => makeLaunch('riverton', { user, account })));
    const page = await openPage(browser, urls.map(frameOf).join(''));
    const frames = ACCOUNTS.map((_, index) => page.frameLocator('iframe').nth(index));
    expect(await Promise.all(frames.map(accountIn))).toEqual(ACCOUNTS);
  });

  test('a frame of another website shows nothing, and the ticket is kept', async () => {
    const url = await makeLaunch('riverton', { user: newUser(), account: '501Invoice' });
    const page = await openPage(browser, frameOf(url), EVIL);
    await page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
    portalPage = frameOf(url);
    await page.goto(`${PORTAL}/pay`, { waitUntil: 'commit' });
    expect(await accountIn(page.frameLocator('iframe'))).toBe('501Invoice');
  });
});
