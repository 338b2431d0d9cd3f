import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBody } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import { launchChromium } from '../../support/browser/chromium.ts';
import { startInstallation, type TestInstallation } from '../../support/installation.ts';
import { freePort } from '../../support/programs/free-port.ts';

// Three sites: the service on localhost, the portal on portal.localhost, and Invoice Cloud's stand-in on 127.0.0.1.
let installation: TestInstallation;
let portal: PortalApi;
let browser: Browser;
let invoiceCloud: Server;
let portalServer: Server;
let portalPort: number;
const arrived: IncomingMessage[] = [];
/** What the pages of the portal show. */
let portalPage = '';
const againUser = { ...launchBody().user, id: 'u-again' };

const listening = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

beforeAll(async () => {
  invoiceCloud = createServer((request, response) => {
    if (request.url?.startsWith('/saml/') === true) arrived.push(request);
    response.setHeader('content-type', 'text/html').end('<title>Arrived</title><h1>Arrived</h1>');
  });
  portalServer = createServer(async (request, response) => {
    if (request.url === '/again') {
      response.writeHead(303, { location: await makeLaunch({ user: againUser }) }).end();
      return;
    }
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>Portal</title>${portalPage}`);
  });
  const [cloudPort, ownPort] = [await listening(invoiceCloud), await freePort()];
  portalPort = await listening(portalServer);
  installation = await startInstallation({ publicUrl: `http://localhost:${ownPort}` });
  const settings = {
    portalUrl: `http://portal.localhost:${portalPort}/home`,
    redirectLinkBase: `http://127.0.0.1:${cloudPort}`,
  };
  await installation.addBiller('riverton', { keyType: 'EC-P256', settings });
  await installation.server.listen({ port: ownPort, host: '127.0.0.1' });
  const added = await installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(installation.server, (added as { key: string }).key);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await installation?.close();
  for (const server of [invoiceCloud, portalServer]) server?.close();
});

async function makeLaunch(over: Record<string, unknown> = {}): Promise<string> {
  const answer = await portal.call('POST', '/api/launches', launchBody(over));
  return (answer.json() as { url: string }).url;
}

/** Opens a page of the portal, or of another website, with this content. */
async function openPage(content: string, host = 'portal.localhost', viewport = { width: 1280, height: 800 }) {
  portalPage = content;
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  await page.goto(`http://${host}:${portalPort}/pay`);
  return page;
}

const heading = (page: Page, text: string) => page.getByRole('heading', { name: text }).waitFor();

test('a link of the portal leads to Invoice Cloud, and no address with the ticket is passed on', async () => {
  const page = await openPage(`<a href="${await makeLaunch()}">Pay</a>`);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.headers().referer ?? ''}`));
  await page.getByText('Pay').click();
  await heading(page, 'Arrived');
  expect(arrived.at(-1)?.url).toMatch(/account=501Invoice&ViewMode=0&DeepLinkID=1$/);
  expect(arrived.at(-1)?.headers.referer ?? '').not.toContain('/launch/t');
  expect(asked.filter((referer) => referer.includes('/launch/t/'))).toEqual([]);
  const [cookie] = (await page.context().cookies()).filter(({ name }) => name === '__Host-session-riverton');
  expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax' });
});

test('a form of the portal does, and leaves no ticket in the history', async () => {
  const url = new URL(await makeLaunch());
  const ticket = url.pathname.split('/').at(-1);
  const page = await openPage(
    `<form method="post" action="${url.origin}/launch/t"><input type="hidden" name="ticket" value="${ticket}"><button>Pay</button></form>`,
  );
  await page.getByText('Pay').click();
  await heading(page, 'Arrived');
  await page.goBack();
  expect(page.url()).toContain('portal.localhost');
});

test('a page that fetches the link ahead uses nothing up', async () => {
  const page = await openPage('');
  const url = await makeLaunch();
  const seen = page.context().waitForEvent('response', (response) => response.url() === url);
  await page.evaluate((href) => {
    const link = Object.assign(document.createElement('link'), { rel: 'prefetch', href });
    document.head.append(link, Object.assign(document.createElement('a'), { href, textContent: 'Pay' }));
    document.body.append(Object.assign(document.createElement('a'), { href, textContent: 'Pay' }));
  }, url);
  expect((await seen).status()).toBe(403);
  await page.locator('body > a').click();
  await heading(page, 'Arrived');
});

test.each([1280, 390])('a link of another website asks first who it is, %i pixels wide', async (width) => {
  const user = { ...launchBody().user, email: 'somebody.else@example.com' };
  const page = await openPage(`<a href="${await makeLaunch({ user })}">Win</a>`, 'evil.localhost', {
    width,
    height: 800,
  });
  const before = arrived.length;
  await page.getByText('Win').click();
  await heading(page, 'Is this you?');
  expect(await page.getByText('somebody.else@example.com').isVisible()).toBe(true);
  expect(arrived).toHaveLength(before);
  expect(await page.context().cookies()).toEqual([]);
  await page.getByRole('button', { name: 'Yes, go on' }).click();
  await heading(page, 'Arrived');
});

test('a launch of the whole page offers a new window in a frame of the portal, which works', async () => {
  const page = await openPage(`<iframe src="${await makeLaunch()}" width="400" height="600"></iframe>`);
  const opened = page.context().waitForEvent('page');
  await page.frameLocator('iframe').getByRole('link', { name: 'Continue in a new window' }).click();
  await heading(await opened, 'Arrived');
  expect(arrived.at(-1)?.url).toContain('ViewMode=0');
});

test('a used link leads to the portal and, by a new one, to Invoice Cloud, without a question', async () => {
  const refreshUrl = `http://portal.localhost:${portalPort}/again`;
  const url = await makeLaunch({ user: againUser, refreshUrl });
  const page = await openPage(`<a href="${url}">Pay</a>`);
  await page.getByText('Pay').click();
  await heading(page, 'Arrived');
  await page.goBack();
  const hops: string[] = [];
  const referers: (string | undefined)[] = [];
  page.on('request', (request) => {
    hops.push(request.url());
    referers.push(request.headers().referer);
  });
  await page.getByText('Pay').click();
  await heading(page, 'Arrived');
  expect(hops).toContain(refreshUrl);
  expect(referers.filter((referer) => referer?.includes('/launch/t/'))).toEqual([]);
});
