/**
 * Takes the pictures in docs/images: starts the demo, goes through one sign-on in a real Chromium, and takes a picture of
 * each page that a portal user sees, in light and dark; the sandbox has no dark pages. Run `npm run docs:screenshots` by
 * hand after a page has changed.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../test/docs/pages.ts';
import { type OpenDemo, openDemo } from '../../test/e2e/demo-in-browser.ts';

const IMAGES = join(ROOT, 'docs', 'images');
/** The service's pages are narrow; the sandbox's have two columns. */
const NARROW = { width: 760, height: 680 };
const WIDE = { width: 1100, height: 760 };

/** Walks through a sign-on: redirect link, sign-in, account choice, landing page. */
async function walk(opened: OpenDemo, colorScheme: 'light' | 'dark'): Promise<void> {
  const { redirectLink, user } = opened.facts;
  const page = await opened.newPage({ colorScheme, viewport: NARROW, deviceScaleFactor: 2 });
  const take = (name: string) => page.screenshot({ path: join(IMAGES, `${name}.png`) });
  const account = page.getByRole('button', { name: user.accounts[0]?.number ?? '' });
  await page.goto(redirectLink);
  await page.getByLabel('Email address').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await take(`sign-in-${colorScheme}`);
  await page.keyboard.press('Enter');
  await account.waitFor();
  await take(`account-choice-${colorScheme}`);
  await account.click();
  await page.getByRole('heading', { name: 'AutoPay', exact: true }).waitFor();
  await page.setViewportSize(WIDE);
  if (colorScheme === 'light') await take('landing-page');
}

mkdirSync(IMAGES, { recursive: true });
const opened = await openDemo();
try {
  for (const colorScheme of ['light', 'dark'] as const) await walk(opened, colorScheme);
} finally {
  await opened.close();
}
