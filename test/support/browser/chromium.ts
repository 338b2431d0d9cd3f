import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

const places = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/snap/bin/chromium',
];

/**
 * Finds Chromium (or Chrome) on this machine: CHROMIUM_PATH first, then the usual names on the PATH, then the usual places.
 * @returns the path of its program
 * @throws Error if CHROMIUM_PATH names no program, or none is found
 */
export function chromiumPath(): string {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (isProgram(given)) return given;
    throw new Error(
      `CHROMIUM_PATH is ${given}, but there is no such program. Set it to Chromium's program, or unset it.`,
    );
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...places].find(isProgram);
  if (found) return found;
  throw new Error('Chromium was not found. Install Chromium or Chrome, or set CHROMIUM_PATH to its program.');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

interface ChromiumOptions {
  readonly blockThirdPartyCookies?: boolean;
  /** Ports on this machine that answer for hosts, with TLS; certificates are not looked at. */
  readonly tlsSites?: Readonly<Record<string, number>>;
}

/**
 * Starts a headless Chromium with a temporary profile, which is removed when the browser closes.
 * @param options blockThirdPartyCookies: allowed by default. Builds of Chromium differ in their default, so the
 *   profile always sets it.
 * @returns the browser; `newContext()` inherits the choice
 * @throws Error when Chromium cannot be found or started
 */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = chromiumPath();
  // Loaded here, so that finding the program does not cost loading Playwright.
  const { chromium } = await import('playwright-core');
  const profile = mkdtempSync(join(tmpdir(), 'ic-idp-chromium-'));
  const removeProfile = () => rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  try {
    // Third-party cookies are a preference of the profile; no flag of Chromium turns their blocking off.
    mkdirSync(join(profile, 'Default'));
    const preferences = { profile: { cookie_controls_mode: options.blockThirdPartyCookies ? 1 : 0 } };
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
    const context = await chromium.launchPersistentContext(profile, { executablePath, args: flags(options) });
    const browser = context.browser();
    if (!browser) throw new Error('Playwright started Chromium, but returned no browser.');
    // Not on `disconnected`: that comes while Chromium still writes to its profile. close() waits for its end.
    const close = browser.close.bind(browser);
    browser.close = async (reason) => {
      await close(reason);
      removeProfile();
    };
    return browser;
  } catch (error) {
    removeProfile();
    throw error;
  }
}

function flags({ tlsSites = {} }: ChromiumOptions): string[] {
  const rules = Object.entries(tlsSites).map(([host, port]) => `MAP ${host}:443 127.0.0.1:${port}`);
  return [
    ...(rules.length === 0 ? [] : ['--ignore-certificate-errors', `--host-resolver-rules=${rules.join(', ')}`]),
    // Chromium refuses to run as root inside its sandbox; everybody else keeps it.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
}
