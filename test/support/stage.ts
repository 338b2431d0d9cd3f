import { afterAll, beforeAll } from 'vitest';
import type { Hsm } from '../../src/core/keys/hsm/hsm.ts';
import { type BrowserLike, createBrowserLike } from './browser/browser-like.ts';
import { type InstallationOptions, startInstallation, type TestInstallation } from './installation.ts';
import { authnRequest, postFields, type RequestParts, redirectQuery } from './saml/authn-request.ts';

export const EMAIL = 'pat@example.com';
export const PASSWORD = 'correct horse battery';

/** Portal users, with their accounts as `<number>:<role>`. */
type Users = Readonly<Record<string, readonly string[]>>;
const ONE_USER: Users = { [EMAIL]: ['101Invoice:owner'] };

/** An installation for one test file or one group of tests, with a biller and a portal user of one account. */
export interface Stage {
  readonly installation: TestInstallation;
  /** A browser that is signed in at a biller. @param biller the first one by default */
  signedIn(biller?: string, email?: string): Promise<BrowserLike>;
  /** A fresh browser. */
  stranger(): BrowserLike;
  /** Sends a request by HTTP-Redirect. */
  bring(
    browser: BrowserLike,
    parts?: RequestParts,
    relayState?: string,
    biller?: string,
  ): ReturnType<BrowserLike['get']>;
  /** Sends a request by HTTP-POST. An accepted one is parked: the answer is a redirect to follow. */
  bringByPost: Stage['bring'];
  /** Adds a biller with EMAIL as its portal user of one account, and an EC key by default, which is made fast. */
  addBiller(slug: string, input?: Record<string, unknown>): Promise<void>;
  /** The newest audit event of a kind. */
  audited(event: string): Promise<{ reference: string; details: Record<string, unknown>; requestId: string | null }>;
  /** Moves the clock forward. */
  pass(milliseconds: number): void;
  /** Sets the clock. From then on only `pass` moves it: for tests that a passing minute would disturb. */
  holdClock(at?: number): void;
  now(): number;
}

export interface StageOptions extends Omit<InstallationOptions, 'clock' | 'hsm'> {
  /** The first biller: `riverton` by default. */
  readonly biller?: string;
  /** Overrides settings of the first biller. Its key is RSA-2048 by default. */
  readonly billerInput?: Record<string, unknown>;
  /** The first biller's portal users: EMAIL with one account by default. */
  readonly users?: Users;
  /** Makes a hardware security module, before the installation starts. */
  readonly hsm?: () => Hsm;
}

/** Sets the stage before the tests of a file, and removes it after them. */
export function useStage(options: StageOptions = {}): Stage {
  const { biller: first = 'riverton', billerInput = {}, users = ONE_USER, hsm, ...rest } = options;
  let ahead = 0;
  let held: number | undefined;
  const now = () => (held ?? Date.now()) + ahead;
  let installation: TestInstallation | undefined;
  const get = () => {
    if (installation === undefined) throw new Error('The stage is not set yet: use it inside a test or a hook.');
    return installation;
  };
  async function addBiller(slug: string, input: Record<string, unknown> = {}, theirs = ONE_USER) {
    await get().addBiller(slug, { keyType: 'EC-P256', ...input });
    for (const [email, accounts] of Object.entries(theirs)) {
      await get().addUser(slug, email, PASSWORD, accounts);
    }
  }
  beforeAll(async () => {
    installation = await startInstallation({ ...rest, clock: now, ...(hsm && { hsm: hsm() }) });
    await addBiller(first, { keyType: 'RSA-2048', ...billerInput }, users);
  });
  afterAll(() => installation?.close());
  const acceptable = (parts: RequestParts) =>
    authnRequest({ ...parts, attributes: { IssueInstant: new Date(now()).toISOString(), ...parts.attributes } });
  return {
    get installation() {
      return get();
    },
    stranger: () => createBrowserLike(get().server),
    async signedIn(biller = first, email = EMAIL) {
      const browser = createBrowserLike(get().server);
      await browser.signIn(biller, email, PASSWORD);
      return browser;
    },
    bring(browser, parts = {}, relayState, biller = first) {
      return browser.get(`/saml/${biller}/sso?${redirectQuery(acceptable(parts), relayState)}`);
    },
    bringByPost(browser, parts = {}, relayState, biller = first) {
      return browser.post(`/saml/${biller}/sso`, postFields(acceptable(parts), relayState));
    },
    addBiller,
    async audited(event) {
      const [found] = (await get().operate('audit.list', { event, limit: 1 })) as Awaited<
        ReturnType<Stage['audited']>
      >[];
      if (found === undefined) throw new Error(`There is no event ${event}.`);
      return found;
    },
    pass(milliseconds) {
      ahead += milliseconds;
    },
    holdClock(at = now()) {
      held = at;
      ahead = 0;
    },
    now,
  };
}
