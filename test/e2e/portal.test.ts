import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { heading, textAt } from './demo-in-browser.ts';
import { useDemo } from './use-demo.ts';

const opened = useDemo({ blockThirdPartyCookies: true });
const TILES = [
  ['Recent bills', 'bills'],
  ['AutoPay', 'autopay'],
  ['Payment methods', 'payment-methods'],
  ['Scheduled payments', 'scheduled-payments'],
  ['Paperless billing', 'paperless'],
] as const;

async function signIn(page: Page, who: 0 | 1 = 0): Promise<void> {
  const { portal, portalUsers } = opened().facts;
  await page.goto(`${portal}/`);
  await page.getByLabel('Email address').fill(portalUsers[who]?.email ?? '');
  await page.getByLabel('Password').fill(portalUsers[who]?.password ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Amount due' }).waitFor();
}

/** Paths of the service that ask a person something. */
function questions(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin === opened().facts.idp && pathname.startsWith('/login')) asked.push(pathname);
  });
  return asked;
}

test.each(TILES)(
  '%s opens Invoice Cloud’s page for the account, and nobody is asked anything',
  async (title, destination) => {
    const { sandbox, billerGuid } = opened().facts;
    const page = await opened().newPage();
    const asked = questions(page);
    await signIn(page);
    await page.getByRole('button', { name: `Open ${title}` }).click();
    await page.waitForURL(`${sandbox}/pay/${billerGuid}/${destination}`);
    expect([await textAt(page, 'account'), await textAt(page, 'login-type'), asked]).toEqual(['101Invoice', '1', []]);
  },
);

test.each(TILES)('%s is shown inside the portal, where third-party cookies are blocked', async (title, destination) => {
  const { sandbox } = opened().facts;
  const page = await opened().newPage();
  const asked = questions(page);
  await signIn(page);
  await page.getByRole('link', { name: `Show here: ${title}` }).click();
  const frame = page.frameLocator('iframe');
  await frame.getByTestId('account').waitFor();
  expect(await frame.getByTestId('account').textContent()).toBe('101Invoice');
  expect(await frame.getByTestId('destination').textContent()).toBe(destination);
  expect(await frame.getByTestId('view-mode').textContent()).toBe('1');
  expect(page.frames().map((one) => new URL(one.url()).origin)).toContain(sandbox);
  expect([page.context().pages().length, asked]).toEqual([1, []]);
});

test('another account of the owner is another account at Invoice Cloud', async () => {
  const page = await opened().newPage();
  await signIn(page);
  await page.getByLabel('Account').selectOption('202Invoice');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByText('Account 202Invoice').waitFor();
  await page.getByRole('button', { name: 'Pay my bill' }).click();
  await page.waitForURL(`${opened().facts.sandbox}/pay/**`);
  expect(await textAt(page, 'account')).toBe('202Invoice');
});

test('a co-owner has another login type, and no choice of an account', async () => {
  const page = await opened().newPage();
  await signIn(page, 1);
  expect(await page.getByLabel('Account').count()).toBe(0);
  await page.getByRole('button', { name: 'Open AutoPay' }).click();
  await page.waitForURL(`${opened().facts.sandbox}/pay/**`);
  expect([await textAt(page, 'account'), await textAt(page, 'login-type')]).toEqual(['101Invoice', '5']);
});

test('an address that was used leads back to the portal, and from there to Invoice Cloud again', async () => {
  const { idp, portal, sandbox } = opened().facts;
  const page = await opened().newPage();
  await signIn(page);
  const addresses: string[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(`${idp}/launch/t/`)) addresses.push(request.url());
  });
  await page.getByRole('button', { name: 'Open Recent bills' }).click();
  await page.waitForURL(`${sandbox}/pay/**`);
  const again: string[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(`${portal}/again/`)) again.push(request.url());
  });
  // A second click on the same page of the portal.
  await page.goto(`${portal}/`);
  await page.evaluate(`location.href = ${JSON.stringify(addresses[0])}`);
  await page.waitForURL(`${sandbox}/pay/**`);
  expect([again.length, addresses.length]).toEqual([1, 3]);
  expect(await textAt(page, 'account')).toBe('101Invoice');
});

test('signing out ends the portal’s session', async () => {
  const page = await opened().newPage();
  await signIn(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto(`${opened().facts.portal}/show/bills?account=101Invoice`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('the portal can be used with the keyboard alone', async () => {
  const page = await opened().newPage();
  await signIn(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement?.textContent')).toBe('Skip to content');
  for (let presses = 0; presses < 40; presses += 1) {
    const name = await page.evaluate('document.activeElement?.getAttribute("aria-label")');
    if (name === 'Open AutoPay') break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`${opened().facts.sandbox}/pay/**/autopay`);
});

describe.each([320, 390, 1280])('at %i pixels', (width) => {
  test.each(['light', 'dark'] as const)('in %s colors, pages fit and are accessible', async (colorScheme) => {
    const page = await opened().newPage({ viewport: { width, height: 800 }, colorScheme, bypassCSP: true });
    const { portal } = opened().facts;
    async function check(name: string) {
      const shown = await page.locator('html').evaluate((element) => element.scrollWidth - element.clientWidth);
      expect(shown, name).toBe(0);
      await page.evaluate(axe.source);
      const found = (await page.evaluate('axe.run({ iframes: false })')) as {
        violations: { id: string; nodes: { html: string }[] }[];
      };
      expect(
        found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
        name,
      ).toEqual([]);
      const folder = process.env.PORTAL_SCREENSHOTS;
      if (folder !== undefined)
        await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    }
    await page.goto(`${portal}/`);
    await check('sign-in');
    await signIn(page);
    await check('home');
    await page.goto(`${portal}/show/bills?account=101Invoice`);
    await page.frameLocator('iframe').getByTestId('account').waitFor();
    await check('frame');
    await page.goto(`${portal}/nowhere`);
    await heading(page, 'There is no such page.');
    await check('nowhere');
  });
});
