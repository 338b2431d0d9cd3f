import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { launchChromium } from '../support/browser/chromium.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;
let browser: Browser;
let page: Page;
beforeEach(async () => {
  page = await browser.newPage();
});
afterEach(() => page.close());
let website: Server;
let websiteUrl: string;
/** What the website's page contains. */
let content = '';
/** One-time metadata of a biller whose key is staged. */
let url: string;
/** How its requests were answered. */
let answered: number[] = [];
const activations = async () =>
  (await installation.operate('audit.list', { biller: 'riverton', event: 'key.activated' })) as unknown[];

beforeAll(async () => {
  installation = await startInstallation();
  installation.server.addHook('onResponse', async (request, { statusCode }) => {
    if (request.url.includes('one-time=')) answered.push(statusCode);
  });
  const service = (await installation.server.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost');
  website = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(content);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => website.once('listening', resolve));
  websiteUrl = `http://localhost:${(website.address() as { port: number }).port}/`;
  await installation.addBiller('riverton', { keyType: 'EC-P256', settings: { rotation: 'switch-on-fetch' } });
  await installation.operate('key.stage', { biller: 'riverton', keyType: 'EC-P256' });
  const made = (await installation.operate('key.hand-over', { biller: 'riverton' })) as { url: string };
  url = `${service}${new URL(made.url).pathname}${new URL(made.url).search}`;
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  website.close();
  await installation.close();
});

const loaded: Record<string, () => string> = {
  'an image': () => `<img src="${url}">`,
  'a prefetch': () => `<link rel="prefetch" href="${url}">`,
  'a preload': () => `<link rel="preload" as="fetch" href="${url}">`,
  'a style sheet': () => `<link rel="stylesheet" href="${url}">`,
  'a module': () => `<link rel="modulepreload" href="${url}">`,
  'an icon': () => `<link rel="icon" href="${url}">`,
  'a script': () => `<script src="${url}"></script>`,
  'a frame': () => `<iframe src="${url}"></iframe>`,
  'an object': () => `<object data="${url}"></object>`,
  'a video': () => `<video src="${url}" autoplay></video>`,
  'a fetch': () => `<script>fetch(${JSON.stringify(url)}, { mode: 'no-cors' })</script>`,
  'a fetch with CORS': () => `<script>fetch(${JSON.stringify(url)})</script>`,
  'an XMLHttpRequest': () =>
    `<script>const x = new XMLHttpRequest(); x.open('GET', ${JSON.stringify(url)}); x.send()</script>`,
  'a prerendering': () =>
    `<script type="speculationrules">{"prefetch":[{"source":"list","urls":[${JSON.stringify(url)}]}]}</script>`,
  'a redirect': () => `<script>location = ${JSON.stringify(url)}</script>`,
  'a form': () =>
    `<form action="${url.split('?')[0]}"><input name="one-time" value="${url.split('=')[1]}"></form><script>document.forms[0].submit()</script>`,
};

test.for(Object.keys(loaded))('%s is refused one-time metadata', async (what) => {
  answered = [];
  content = loaded[what]?.() ?? '';
  await page.goto(websiteUrl, { waitUntil: 'commit' });
  await vi.waitUntil(() => answered.length > 0, { timeout: 10_000 });
  expect(new Set(answered)).toEqual(new Set([403]));
});

test('so is a person who opens the URL; then the first program that fetches it switches the key', async () => {
  expect((await page.goto(url))?.status()).toBe(403);
  expect(await activations()).toEqual([]);
  expect((await fetch(url)).status).toBe(200);
  await vi.waitUntil(async () => (await activations()).length === 1, { timeout: 10_000 });
});
