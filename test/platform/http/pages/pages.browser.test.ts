import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { assets, autoSubmitScript } from '../../../../src/platform/http/pages/assets.ts';
import { chromiumPath } from '../../../support/browser/chromium.ts';
import { arrivesAs, email, failure, pages, unfit } from './sample-pages.ts';

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";
const audit = readFileSync(new URL('./page-audit.js', import.meta.url), 'utf8');
const launchOptions = {
  executablePath: chromiumPath(),
  args: ['--no-sandbox', '--disable-gpu'],
};

let browser: Browser;
let server: Server;
let origin: string;
let posts: { url: string; body: string }[];
let complaints: string[];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const url = request.url ?? '';
    const asset = assets.find(({ path }) => path === url);
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('Content-Type', asset?.contentType ?? 'text/html; charset=utf-8');
    if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      posts.push({ url, body });
      // The first time, no answer: the browser stays where it is.
      response.statusCode = url.endsWith('/unanswered') && posts.length === 1 ? 204 : 200;
      response.end(response.statusCode === 204 ? undefined : '<title>Arrived</title>');
    } else {
      response.end(asset?.body ?? pages[url.slice(1)] ?? '<title>Elsewhere</title>');
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch(launchOptions);
});

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

beforeEach(() => {
  posts = [];
  complaints = [];
});

// Chromium reports on the console what the Content-Security-Policy blocked, and other problems.
afterEach(() => expect(complaints).toEqual([]));

async function openPage(options: BrowserContextOptions = {}, inside: Browser = browser): Promise<Page> {
  const context = await inside.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (thrown) => complaints.push(String(thrown)));
  return page;
}

const offered = (page: Page) => page.locator('[data-auto-submit="offered"]').waitFor();
// A form sent before the load event prevents that event, so wait for the script's mark instead.
async function goToUnanswered(page: Page): Promise<void> {
  await page.goto(`${origin}/unanswered`, { waitUntil: 'commit' });
  await page.locator('[data-auto-submit="sent"]').waitFor({ state: 'attached' });
  // The mark is set before the form is sent.
  await vi.waitUntil(() => posts.length === 1, { timeout: 20_000 });
}

const continueButton = (page: Page) => page.getByRole('button', { name: 'Continue' });
const titled = (page: Page, title: string) => page.waitForFunction(`document.title === '${title}'`);

describe('auto-submit page', () => {
  test('posts both fields once, byte for byte, and Back skips the page', {
    meta: { holds: ['IDP-061', 'IDP-063'], source: 'SAML Bindings 3.5.3, 3.5.4' },
  }, async () => {
    const page = await openPage();
    await page.goto(`${origin}/portal`);
    await page.goto(`${origin}/auto-submit`, { waitUntil: 'commit' });
    await titled(page, 'Arrived');
    expect(posts).toEqual([{ url: '/acs', body: arrivesAs }]);
    await page.goBack();
    expect(page.url()).toBe(`${origin}/portal`);
    expect(posts).toHaveLength(1);
    await page.context().close();
  });

  test('has one button without scripts, and it posts the same', {
    meta: { holds: ['IDP-063'], source: 'SAML Bindings 3.5.5.1; project rule' },
  }, async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(`${origin}/auto-submit`);
    await expect(continueButton(page).count()).resolves.toBe(1);
    await continueButton(page).click();
    await page.waitForURL(`${origin}/acs`);
    expect(posts).toEqual([{ url: '/acs', body: arrivesAs }]);
    await page.context().close();
  });

  test.each(['Back', 'Reload'])(
    '%s does not post again, but offers the button, focused',
    { meta: { holds: ['IDP-063'], source: 'project rule' } },
    async (way) => {
      const page = await openPage();
      await goToUnanswered(page);
      await expect(continueButton(page).count()).resolves.toBe(0);
      if (way === 'Back') {
        await page.goto(`${origin}/elsewhere`);
        await page.goBack();
      } else {
        await page.reload();
      }
      await offered(page);
      await page.locator('button:focus', { hasText: 'Continue' }).waitFor();
      await page.getByRole('heading', { name: 'Continue to Invoice Cloud' }).waitFor();
      const again = page.waitForResponse(`${origin}/acs/unanswered`);
      await continueButton(page).click();
      await again;
      // If the script had posted as well, there would be three.
      expect(posts).toHaveLength(2);
      await page.context().close();
    },
  );

  test('restored from the back/forward cache it does not post again, and the button works again', {
    meta: { holds: ['IDP-063'], source: 'project rule' },
  }, async () => {
    const caching = await chromium.launch({ ...launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    const page = await openPage({}, caching);
    await page.addInitScript("addEventListener('pageshow', (event) => { window.restored = event.persisted; });");
    await goToUnanswered(page);
    await page.reload();
    await continueButton(page).click();
    await titled(page, 'Arrived');
    await page.goBack({ waitUntil: 'commit' });
    await page.waitForFunction('window.restored === true');
    await offered(page);
    await expect(continueButton(page).isEnabled()).resolves.toBe(true);
    expect(posts).toHaveLength(2);
    await caching.close();
  });

  test('if the script can’t be loaded, the button appears by itself after a while', async () => {
    const page = await openPage();
    await page.route(`**${autoSubmitScript.path}`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: '' }),
    );
    await page.goto(`${origin}/auto-submit`);
    // Hidden for five seconds, which may pass on a slow machine before the test looks: both are read at the same
    // moment.
    const { hidden, shownAt, time } = await page.evaluate(() => {
      const late = document.querySelector('.late') as Element;
      const [animation] = late.getAnimations();
      return {
        hidden: getComputedStyle(late).visibility === 'hidden',
        shownAt: animation?.effect?.getComputedTiming().delay ?? 0,
        time: Number(animation?.currentTime ?? Number.POSITIVE_INFINITY),
      };
    });
    expect(shownAt).toBe(time === Number.POSITIVE_INFINITY ? 0 : 5_000);
    expect(hidden).toBe(time < 5_000);
    await continueButton(page).click();
    await titled(page, 'Arrived');
    expect(posts).toEqual([{ url: '/acs', body: arrivesAs }]);
    await page.context().close();
  });

  test('if there is no answer, offers the button after ten seconds', async () => {
    const page = await openPage();
    await page.clock.install();
    await goToUnanswered(page);
    await page.clock.runFor(10_000);
    await offered(page);
    await expect(continueButton(page).isEnabled()).resolves.toBe(true);
    expect(posts).toHaveLength(1);
    await page.context().close();
  });
});

test.each(Object.keys(pages).filter((name) => name !== 'auto-submit'))('%s is accessible', async (name) => {
  // Reduced motion, so that no color is measured during a transition.
  const page = await openPage({ reducedMotion: 'reduce' });
  const passes = async (state: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await expect(page.evaluate(audit), `${state}, ${colorScheme}, ${width} px`).resolves.toEqual([]);
      }
    }
  };
  if (name === 'unanswered') {
    await goToUnanswered(page);
    await passes('under way');
    await page.reload();
    await offered(page);
  } else {
    await page.goto(`${origin}/${name}`);
  }
  await passes('loaded');
  await page.context().close();
});

test.each(Object.keys(pages).filter((name) => !['auto-submit', 'unanswered'].includes(name)))(
  'with text of twice the size on a phone, %s does not scroll sideways',
  async (name) => {
    const page = await openPage({ viewport: { width: 320, height: 700 } });
    await page.goto(`${origin}/${name}`);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    expect(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)).toBe(false);
    await page.context().close();
  },
);

describe('forms', () => {
  test('sign-in posts what was typed, and focuses the first empty field', async () => {
    const page = await openPage();
    await page.goto(`${origin}/sign-in`);
    // The browser focuses the field once the page is painted; anything typed before is lost.
    await page.locator('#email:focus').waitFor();
    await page.keyboard.type('jane@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.type('päss word');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/login`);
    const body = new URLSearchParams({ csrf: 'x', email: 'jane@example.com', password: 'päss word' }).toString();
    expect(posts).toEqual([{ url: '/login', body }]);
    await page.context().close();
  });

  test('a failed sign-in keeps the email, focuses the password field and says why', async () => {
    const page = await openPage();
    await page.goto(`${origin}/sign-in-failed`);
    await expect(page.getByLabel('Email address').inputValue()).resolves.toBe(email);
    await page.locator('#password:focus').waitFor();
    await expect(page.getByRole('alert').textContent()).resolves.toContain(failure.sentence);
    await page.context().close();
  });

  test('a new password is posted, says what it must be, and a refused one is linked to its field', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(`${origin}/set-password-again`);
    const field = page.getByLabel('New password');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    const described = (await field.getAttribute('aria-describedby'))?.split(' ') ?? [];
    const texts = await Promise.all(described.map((id) => page.locator(`#${id}`).textContent()));
    expect(texts.join(' ')).toContain(unfit.sentence);
    expect(texts.join(' ')).toContain('At least 8 characters.');
    await field.fill('  päss word  ');
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.waitForURL(`${origin}/password`);
    const body = new URLSearchParams({ csrf: 'x', password: '  päss word  ' }).toString();
    expect(posts).toEqual([{ url: '/password', body }]);
    await page.context().close();
  });

  test('one of 1,500 accounts is found by typing', async () => {
    const page = await openPage();
    await page.goto(`${origin}/choice-1500`);
    await page.getByLabel('Find an account').fill('20450-1499');
    expect(await page.locator('.choices button:visible').count()).toBe(1);
    await expect(page.getByRole('status').textContent()).resolves.toBe('1 of 1500 accounts');
    await page.context().close();
  });

  test('the account choice posts the id of the account, by keyboard too', async () => {
    const page = await openPage();
    await page.goto(`${origin}/choice-2`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/choose`);
    expect(posts).toEqual([{ url: '/choose', body: 'csrf=x&account=a1' }]);
    await page.context().close();
  });

  test('one of many accounts is found by typing a part of its number, and Enter there sends nothing', async () => {
    const page = await openPage();
    await page.goto(`${origin}/choice-30`);
    const shown = () => page.locator('.choices button:visible').count();
    expect(await shown()).toBe(30);
    await page.getByLabel('Find an account').fill('20450 7');
    expect(await shown()).toBe(1);
    await expect(page.getByRole('status').textContent()).resolves.toBe('1 of 30 accounts');
    await page.keyboard.press('Enter');
    expect(posts).toEqual([]);
    await page.getByLabel('Find an account').fill('nothing');
    expect(await shown()).toBe(0);
    await page.getByLabel('Find an account').fill('');
    expect(await shown()).toBe(30);
    await page.context().close();
  });

  test('without scripts the whole list of accounts is there, and no field that does nothing', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(`${origin}/choice-30`);
    expect(await page.locator('.choices button:visible').count()).toBe(30);
    expect(await page.getByLabel('Find an account').isVisible()).toBe(false);
    await page.goto(`${origin}/sign-in`);
    expect(await page.getByText('Show password').isVisible()).toBe(false);
    await page.context().close();
  });

  test('the password can be shown, and is sent from a password field', async () => {
    const page = await openPage();
    await page.goto(`${origin}/sign-in`);
    const field = page.locator('#password');
    const button = page.getByRole('button', { name: 'Show password' });
    await page.locator('#email').fill('jane@example.com');
    await field.fill('päss word');
    await button.click();
    expect([await field.getAttribute('type'), await button.getAttribute('aria-pressed')]).toEqual(['text', 'true']);
    await button.click();
    expect(await field.getAttribute('type')).toBe('password');
    await button.click();
    await page.evaluate(() => {
      document.forms[0]?.addEventListener('submit', () => {
        document.title = (document.getElementById('password') as HTMLInputElement).type;
      });
    });
    const title = page.waitForFunction(() => document.title === 'password');
    await field.press('Enter');
    await title;
    await page.waitForURL(`${origin}/login`);
    await page.context().close();
  });

  test('with text of twice the size on a phone, an account number breaks only where it is longer than the line', async () => {
    const page = await openPage({ viewport: { width: 320, height: 700 } });
    await page.goto(`${origin}/choice-long`);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    const lines = await page.locator('.number').evaluateAll((all) => all.map((one) => one.getClientRects().length));
    expect(lines[0]).toBe(1);
    expect(lines[1]).toBeGreaterThan(1);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wide).toBe(false);
    await page.context().close();
  });
});
