/**
 * Makes the pictures of docs/images: starts the demo, walks through one sign-on in a real Chromium, and takes the pages
 * that a portal user sees. The service's pages are taken in light and in dark; the stand-in has no dark ones. Run by
 * hand, when a page has changed: `npm run docs:screenshots`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const IMAGES = join(ROOT, 'docs', 'images');
/** The service's pages are narrow; the stand-in's have two columns. */
const NARROW = { width: 760, height: 620 };
const WIDE = { width: 1100, height: 760 };

interface Demo {
  readonly redirectLink: string;
  readonly user: { readonly email: string; readonly password: string };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return String(address.port);
}

/** Starts the demo on ports and in a folder of its own. */
async function startDemo(dataDir: string): Promise<{ program: ChildProcess; demo: Demo }> {
  const program = spawn(process.execPath, ['src/sandbox/demo.ts', '--json'], {
    cwd: ROOT,
    env: {
      ...process.env,
      PORT: await freePort(),
      SANDBOX_PORT: await freePort(),
      DATA_DIR: dataDir,
      MASTER_KEY: randomBytes(32).toString('base64'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = once(program.stdout, 'data').then(([chunk]) => String(chunk));
  const ended = once(program, 'exit').then(([code]) => Promise.reject(new Error(`the demo ended with code ${code}`)));
  return { program, demo: JSON.parse(await Promise.race([line, ended])) as Demo };
}

/** Walks through a sign-on: redirect link, sign-in, account choice, landing page. */
async function walk(browser: Browser, { redirectLink, user }: Demo, colorScheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({ colorScheme, viewport: NARROW, deviceScaleFactor: 2 });
  const page = await context.newPage();
  const take = (name: string) => page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.goto(redirectLink);
  await page.getByLabel('Email address').fill(user.email);
  await page.getByLabel('Password', { exact: true }).fill(user.password);
  await take(`sign-in-${colorScheme}`);
  await page.keyboard.press('Enter');
  await accountButton(page).waitFor();
  await take(`account-choice-${colorScheme}`);
  await accountButton(page).click();
  await page.getByRole('heading', { name: 'AutoPay' }).waitFor();
  await page.setViewportSize(WIDE);
  if (colorScheme === 'light') await take('landing-page');
  await context.close();
}

const accountButton = (page: Page) => page.getByRole('button', { name: '101Invoice' });

mkdirSync(IMAGES, { recursive: true });
const dataDir = mkdtempSync(join(tmpdir(), 'ic-idp-screenshots-'));
const { program, demo } = await startDemo(dataDir);
const browser = await launchChromium();
try {
  for (const colorScheme of ['light', 'dark'] as const) await walk(browser, demo, colorScheme);
} finally {
  await browser.close();
  const stopped = once(program, 'exit');
  program.kill('SIGTERM');
  await stopped;
  rmSync(dataDir, { recursive: true, force: true });
}
