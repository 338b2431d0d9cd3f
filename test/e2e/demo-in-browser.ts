import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../support/browser/chromium.ts';
import { runCli } from '../support/programs/cli.ts';
import { type Demo, type DemoFacts, type DemoPlace, demoFolder, startDemo } from '../support/programs/demo.ts';
import { freePort } from '../support/programs/free-port.ts';

/** The demo and a browser. */
export interface OpenDemo {
  readonly place: DemoPlace;
  readonly demo: Demo;
  readonly facts: DemoFacts;
  /** A page in a fresh browser context. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  /** Closes every page. @returns what Chromium reported as errors in the meantime */
  clear(): Promise<string[]>;
  /** Starts the demo again in the same place. The previous one must have ended. */
  restart(): Promise<void>;
  /** Audit events by the filter of `ic-idp audit`, from the running demo. */
  audit(...filter: string[]): Promise<{ event: string; reference: string; details: object }[]>;
  close(): Promise<void>;
}

/** Starts the demo in its own folder, and Chromium. @throws if one of them does not start */
export async function openDemo(options: { blockThirdPartyCookies?: boolean } = {}): Promise<OpenDemo> {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  const [port = 0, sandboxPort = 0, portalPort = 0] = ports;
  const { folder, remove } = demoFolder();
  const place: DemoPlace = { folder, port, sandboxPort, portalPort };
  const starting = await Promise.allSettled([startDemo(place), launchChromium(options)]);
  const [started, launched] = starting;
  if (started.status === 'rejected' || launched.status === 'rejected') {
    if (started.status === 'fulfilled') started.value.kill();
    if (launched.status === 'fulfilled') await launched.value.close();
    remove();
    throw starting.find((one) => one.status === 'rejected')?.reason;
  }
  return openDemoOf(place, started.value, launched.value, remove);
}

function openDemoOf(place: DemoPlace, first: Demo, browser: Browser, removeFolder: () => void): OpenDemo {
  let demo = first;
  let contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  return {
    place,
    get demo() {
      return demo;
    },
    get facts() {
      return demo.facts;
    },
    async newPage(options = {}) {
      const context = await browser.newContext(options);
      contexts.push(context);
      const page = await context.newPage();
      page.on('console', (message) => {
        // An answer of 4xx is logged as an error too; tests look at the status themselves.
        if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
      });
      page.on('pageerror', (thrown) => complaints.push(String(thrown)));
      return page;
    },
    async clear() {
      await Promise.all(contexts.map((context) => context.close()));
      contexts = [];
      const heard = complaints;
      complaints = [];
      return heard;
    },
    async restart() {
      demo = await startDemo(place);
    },
    async audit(...filter) {
      const env = { DATA_DIR: './data/demo', PORT: String(place.port) };
      const answer = await runCli(['audit', '--json', ...filter], { folder: place.folder, env });
      if (answer.code !== 0) throw new Error(answer.stderr);
      return JSON.parse(answer.stdout);
    },
    async close() {
      await browser.close();
      demo.kill();
      removeFolder();
    },
  };
}

/** What a page says in the element with this test id. */
export const textAt = (page: Page, testId: string) => page.getByTestId(testId).textContent();

/** Waits for the page with this heading. */
export const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

/** Fills in the sign-in page and sends it. */
export async function signIn(page: Page, { user }: DemoFacts, password = user.password): Promise<void> {
  await heading(page, 'Sign in');
  await page.getByLabel('Email address').fill(user.email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Goes to the portal user's own page and signs in there. */
export async function signInFirst(page: Page, facts: DemoFacts): Promise<void> {
  await page.goto(`${facts.idp}/login/${facts.biller}`);
  await signIn(page, facts);
  await heading(page, 'You’re signed in');
}

/** Chooses the account. */
export async function choose(page: Page, account: string): Promise<void> {
  await heading(page, 'Which account would you like to pay for?');
  await page.getByRole('button', { name: account }).click();
}

/** Waits until the browser is on this page of the sandbox. */
export const landed = (page: Page, { sandbox, billerGuid }: DemoFacts, destination: string) =>
  page.waitForURL(`${sandbox}/pay/${billerGuid}/${destination}`);

/** Follows the redirect link, signs in and comes to AutoPay of the first account. */
export async function signOn(page: Page, facts: DemoFacts): Promise<void> {
  // A page that posts itself before it has loaded never fires its load event.
  await page.goto(facts.redirectLink, { waitUntil: 'commit' });
  await signIn(page, facts);
  await choose(page, '101Invoice');
  await landed(page, facts, 'autopay');
}
