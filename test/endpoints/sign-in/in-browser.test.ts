import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { launchChromium } from '../../support/browser/chromium.ts';
import { PASSWORD, useStage } from '../../support/stage.ts';

const NEW = 'a new and long password';
const CONTACT = 'https://riverton.example/help';
const stage = useStage({
  users: {},
  billerInput: { settings: { contactUrl: CONTACT, privacyUrl: 'https://riverton.example/privacy' } },
});
let browser: Browser;
let service: string;
/** The Referer of every request that had one. */
const referrers: string[] = [];
/** How many times a link to set a password was answered. */
let opened = 0;
let pages: Page[] = [];
let email = '';
let users = 0;

beforeAll(async () => {
  const { server } = stage.installation;
  server.addHook('onRequest', async ({ headers }) => {
    if (headers.referer !== undefined) referrers.push(headers.referer);
  });
  server.addHook('onResponse', async ({ url }) => {
    if (url.includes('?link=')) opened += 1;
  });
  service = (await server.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost');
  browser = await launchChromium();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  users += 1;
  email = `user-${users}@example.com`;
  await stage.installation.addUser('riverton', email, PASSWORD, ['1']);
});
afterEach(async () => {
  await Promise.all(pages.map((page) => page.context().close()));
  pages = [];
});

async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  pages.push(page);
  return page;
}

async function makeLink(): Promise<{ link: string; token: string }> {
  const { url } = (await stage.installation.operate('user.reset-password', { biller: 'riverton', email })) as {
    url: string;
  };
  const { pathname, search, searchParams } = new URL(url);
  return { link: `${service}${pathname}${search}`, token: searchParams.get('link') ?? '' };
}

async function signIn(page: Page, password: string): Promise<void> {
  await page.goto(`${service}/login/riverton`);
  await page.getByLabel('Email address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
const isSignedIn = (page: Page) => page.getByRole('heading', { name: 'You’re signed in' }).waitFor();

test.each([
  ['with scripts', true],
  ['without scripts, on a phone', false],
] as const)('%s, a portal user chooses a new password by the link and signs in with it', async (_, scripts) => {
  const { link } = await makeLink();
  const page = await openPage({ javaScriptEnabled: scripts, viewport: { width: scripts ? 1280 : 390, height: 800 } });
  await page.goto(link);
  await page.getByLabel('New password').fill(NEW);
  if (scripts) {
    await page.getByRole('button', { name: 'Show password' }).click();
    expect(await page.getByLabel('New password').getAttribute('type')).toBe('text');
  }
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByText('Your new password is saved. Sign in with it now.').waitFor();
  await page.getByLabel('Email address').fill(email);
  await page.getByLabel('Password').fill(NEW);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await isSignedIn(page);
  await page.goto(link);
  await page.getByRole('heading', { name: 'This link does not work any more' }).waitFor();
  await page.getByRole('link', { name: 'Go to sign-in' }).click();
  await isSignedIn(page);
});

test('a password that is too short is refused on the page, and the link still works', async () => {
  const { link } = await makeLink();
  const page = await openPage();
  await page.goto(link);
  // The browser's own check would come first.
  await page.evaluate(() => document.querySelector('form')?.setAttribute('novalidate', ''));
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByRole('alert').getByText('Choose one with at least 8 characters.').waitFor();
  await page.getByLabel('New password').fill(NEW);
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByText('Your new password is saved.').waitFor();
});

test('the link reaches no other website and no request as a Referer', async () => {
  const { link, token } = await makeLink();
  const page = await openPage();
  const asked: (string | undefined)[] = [];
  await page.context().route('https://riverton.example/**', async (route) => {
    asked.push((await route.request().headerValue('referer')) ?? undefined);
    await route.fulfill({ contentType: 'text/html', body: '<title>Help</title>' });
  });
  for (const name of [/^Contact Riverton Water/, /^Privacy/]) {
    await page.goto(link);
    const appears = page.context().waitForEvent('page');
    await page.getByRole('link', { name }).click();
    const other = await appears;
    await other.waitForLoadState();
    expect(await other.evaluate(() => [document.referrer, window.opener])).toEqual(['', null]);
  }
  expect(asked).toEqual([undefined, undefined]);
  await page.getByLabel('New password').fill(NEW);
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByText('Your new password is saved.').waitFor();
  expect(referrers.filter((referrer) => referrer.includes(token))).toEqual([]);
});

test.each<[string, (link: string) => string]>([
  ['an image', (link) => `<img src="${link}">`],
  ['a prefetch', (link) => `<link rel="prefetch" href="${link}">`],
  ['a frame', (link) => `<iframe src="${link}"></iframe>`],
  ['a script', (link) => `<script src="${link}"></script>`],
  ['a fetch', (link) => `<script>fetch(${JSON.stringify(link)}, { mode: 'no-cors' })</script>`],
])('a page that has the browser load the link as %s does not use it up', async (_, content) => {
  const { link } = await makeLink();
  const website = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(content(link));
  }).listen(0, '127.0.0.1');
  try {
    await once(website, 'listening');
    const page = await openPage();
    opened = 0;
    await page.goto(`http://localhost:${(website.address() as AddressInfo).port}/`);
    await vi.waitUntil(() => opened > 0, { timeout: 20_000 });
    await page.goto(link);
    await page.getByLabel('New password').waitFor();
  } finally {
    website.close();
    website.closeAllConnections();
  }
});

test('strangers who guess her password don’t keep her out of her own browser, and learn how long to wait', async () => {
  const hers = await openPage();
  await signIn(hers, PASSWORD);
  await isSignedIn(hers);
  await hers.getByRole('button', { name: 'Sign out' }).click();
  await hers.getByRole('heading', { name: 'You’re signed out' }).waitFor();
  for (let turn = 0; turn < 10; turn += 1) {
    await stage.stranger().post('/login/riverton', { email, password: `guess ${turn}` });
  }
  const strangers = await openPage();
  await signIn(strangers, 'one more guess');
  const words = await strangers.getByRole('alert').textContent();
  expect(words).toContain('Try again in 15 minutes, or sign in now with a browser that you have used here before.');
  await signIn(hers, PASSWORD);
  await isSignedIn(hers);
});
