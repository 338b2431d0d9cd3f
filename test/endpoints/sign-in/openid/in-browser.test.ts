import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../../support/browser/chromium.ts';
import { startInstallation, TEST_SP, type TestInstallation } from '../../../support/installation.ts';
import { startProvider, type TestProvider } from '../../../support/openid/provider.ts';
import { freePort } from '../../../support/programs/free-port.ts';
import { authnRequest, postFields } from '../../../support/saml/authn-request.ts';

// Three sites: the service on localhost, the provider on 127.0.0.1, and Invoice Cloud's stand-in on ic.localhost.
const SECRET = 'the secret of this client';
let installation: TestInstallation;
let provider: TestProvider;
let invoiceCloud: Server;
let service: string;
let cloud: string;
let browser: Browser;
/** Requests that reached Invoice Cloud, with the bodies of those at the ACS. */
const arrived: { readonly request: IncomingMessage; readonly body: string }[] = [];
/** The form that Invoice Cloud's page posts by itself. */
let request = '';

beforeAll(async () => {
  invoiceCloud = createServer(async (incoming, response) => {
    let body = '';
    for await (const part of incoming) body += String(part);
    if (incoming.url !== '/favicon.ico') arrived.push({ request: incoming, body });
    response.setHeader('content-type', 'text/html');
    if (incoming.url !== '/start') {
      response.end('<title>Arrived</title><h1>Arrived</h1>');
      return;
    }
    // A strict page, which allows its form to go to the service only.
    response.setHeader('content-security-policy', `default-src 'none'; form-action ${service}`);
    const fields = Object.entries(postFields(request)).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    );
    response.end(
      `<title>Start</title><form method="post" action="${service}/saml/riverton/sso">${fields.join('')}<button>Pay</button></form>`,
    );
  });
  await new Promise<void>((done) => invoiceCloud.listen(0, '127.0.0.1', done));
  cloud = `http://ic.localhost:${(invoiceCloud.address() as AddressInfo).port}`;
  const port = await freePort();
  service = `http://localhost:${port}`;
  provider = await startProvider({
    host: '127.0.0.1',
    clients: [
      {
        client_id: 'ic-idp',
        client_secret: SECRET,
        redirect_uris: [`${service}/login/riverton/callback`],
        post_logout_redirect_uris: [`${service}/login/riverton/signed-out`],
      },
    ],
    people: {
      pat: { email: 'pat@example.com', email_verified: true, accounts: ['101Invoice', '102Invoice'] },
      kim: { email: 'kim@example.com', email_verified: true, accounts: ['201Invoice'] },
    },
  });
  installation = await startInstallation({ publicUrl: service });
  await installation.addBiller('riverton', {
    keyType: 'EC-P256',
    entityId: TEST_SP,
    acs: [`${cloud}/acs`],
    oidcClientSecret: SECRET,
    settings: {
      redirectLinkBase: cloud,
      signIn: 'oidc',
      oidcIssuer: provider.issuer,
      oidcClientId: 'ic-idp',
      oidcScopes: 'openid email bills',
      oidcAccountsClaim: 'accounts',
    },
  });
  await installation.server.listen({ port, host: '127.0.0.1' });
  browser = await launchChromium({ blockThirdPartyCookies: true });
});
afterAll(async () => {
  await browser?.close();
  await installation?.close();
  await provider?.close();
  invoiceCloud?.close();
});

async function inPage(work: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  try {
    await work(await context.newPage());
  } finally {
    await context.close();
  }
}
async function signInAtProvider(page: Page, user: string): Promise<void> {
  await page.getByLabel('User').fill(user);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
const responseOf = (body: string) =>
  Buffer.from(new URLSearchParams(body).get('SAMLResponse') ?? '', 'base64').toString();

test('from a strict page of Invoice Cloud, through the provider and the choice of an account, to the ACS', async () => {
  await inPage(async (page) => {
    request = authnRequest();
    await page.goto(`${cloud}/start`);
    await page.getByRole('button', { name: 'Pay' }).click();
    await signInAtProvider(page, 'pat');
    await page.getByRole('button', { name: /102Invoice/ }).click();
    await page.getByRole('heading', { name: 'Arrived' }).waitFor();
    expect(responseOf(arrived.at(-1)?.body ?? '')).toContain('>102Invoice<');
    // Once signed in, nothing is asked any more but the account.
    request = authnRequest();
    await page.goto(`${cloud}/start`);
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByRole('button', { name: /101Invoice/ }).waitFor();
  });
});

test('“Not you?” lets another person sign in, and the sign-on goes on with them', async () => {
  await inPage(async (page) => {
    request = authnRequest();
    await page.goto(`${cloud}/start`);
    await page.getByRole('button', { name: 'Pay' }).click();
    await signInAtProvider(page, 'pat');
    await page.getByRole('button', { name: /Not you/ }).click();
    await signInAtProvider(page, 'kim');
    await page.getByRole('heading', { name: 'Arrived' }).waitFor();
    expect(responseOf(arrived.at(-1)?.body ?? '')).toContain('>201Invoice<');
  });
});

test('a link of the portal, a sign-out that reaches the provider, and a sign-in that asks again', async () => {
  await inPage(async (page) => {
    await page.goto(`${service}/launch/riverton/autopay?account=101Invoice`);
    await signInAtProvider(page, 'pat');
    await page.getByRole('heading', { name: 'Arrived' }).waitFor();
    expect(arrived.at(-1)?.request.url).toContain('account=101Invoice');
    await page.goto(`${service}/login/riverton`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You’re signed out' }).waitFor();
    expect(page.url()).toBe(`${service}/login/riverton/signed-out`);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.getByLabel('User').waitFor();
  });
});

test('whoever cancels at the provider can try again, and the sign-on still goes on', async () => {
  await inPage(async (page) => {
    request = authnRequest();
    await page.goto(`${cloud}/start`);
    await page.getByRole('button', { name: 'Pay' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'You were not signed in' }).waitFor();
    await page.getByRole('link', { name: 'Try again' }).click();
    await signInAtProvider(page, 'kim');
    await page.getByRole('heading', { name: 'Arrived' }).waitFor();
    expect(responseOf(arrived.at(-1)?.body ?? '')).toContain('>201Invoice<');
  });
});

test('the page on the way to the provider fits a phone, and works without scripts', async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 600 }, javaScriptEnabled: false });
  const page = await context.newPage();
  // It does not move on, so that it can be looked at.
  await page.route(`${service}/login/riverton`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, '');
    await route.fulfill({ response, body });
  });
  await page.goto(`${service}/login/riverton`);
  await page.getByRole('link', { name: 'Continue' }).waitFor();
  const widths = await page.locator('html').evaluate((element) => [element.scrollWidth, element.clientWidth]);
  expect(widths[0]).toBe(widths[1]);
  if (process.env.SCREENSHOT !== undefined) await page.screenshot({ path: process.env.SCREENSHOT });
  await context.close();
});
