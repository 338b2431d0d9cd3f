import type { Locator, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { choose, heading, landed, signIn, signInFirst, signOn, textAt } from './demo-in-browser.ts';
import { useDemo } from './use-demo.ts';

const REFERENCE = /^[a-z]+-[a-z]+-[a-z]+$/;
const opened = useDemo();

const issued = async () => (await opened().audit('--event', 'assertion.issued', '--limit', '1000')).length;

describe('after the landing', () => {
  test('Back, Forward and Refresh make no second assertion', {
    meta: { holds: ['IDP-064'], source: 'project rule' },
  }, async () => {
    const page = await opened().newPage();
    await signOn(page, opened().facts);
    const assertionId = await textAt(page, 'assertion-id');
    const before = await issued();
    const posts: Request[] = [];
    page.on('request', (request) => request.method() === 'POST' && posts.push(request));

    await page.reload();
    expect(await textAt(page, 'assertion-id')).toBe(assertionId);
    // The self-submitting page left no entry in the history: Back leads to the choice, which was used. The page says so.
    await page.goBack();
    await heading(page, 'You’re signed in');
    await page.getByText('That choice has already been used to take you to Invoice Cloud.').waitFor();
    await page.reload();
    await heading(page, 'You’re signed in');
    await page.goForward();
    await landed(page, opened().facts, 'autopay');
    expect(await textAt(page, 'assertion-id')).toBe(assertionId);
    expect(posts.map((request) => request.url())).toEqual([]);
    expect(await issued()).toBe(before);
  });

  test('refreshing the page that waits for its button, with scripts off, makes no second assertion', {
    meta: { holds: ['IDP-064'], source: 'project rule' },
  }, async () => {
    const page = await opened().newPage({ javaScriptEnabled: false });
    await signInFirst(page, opened().facts);
    await page.getByRole('region', { name: 'Account 101Invoice' }).getByRole('link', { name: 'AutoPay' }).click();
    await heading(page, 'Taking you to Invoice Cloud…');
    const before = await issued();
    await page.reload();
    // The launch is used up, so the account is asked for again; the request stays answered.
    await choose(page, '101Invoice');
    await heading(page, 'This sign-on has already been used');
    expect(await textAt(page, 'reference')).toMatch(REFERENCE);
    await page.getByRole('link', { name: 'Back to City of Riverton Water' }).click();
    await page.waitForURL(`${opened().facts.portal}/`);
    expect(await issued()).toBe(before);
  });
});

describe('an impatient portal user', () => {
  /** Clicks twice within 150 ms. The line is slow: the answer to the first click would come after the second one. */
  async function clickTwice(page: Page, url: string, button: Locator): Promise<void> {
    const twice = Promise.withResolvers<void>();
    await page.route(url, async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      await twice.promise;
      // The browser has given up the first request by now.
      await route.fulfill({ response }).catch(() => undefined);
    });
    await button.evaluate(async (element) => {
      (element as HTMLElement).click();
      await new Promise((resolve) => setTimeout(resolve, 150));
      (element as HTMLElement).click();
    });
    twice.resolve();
  }

  test('clicks an account twice, and arrives with one assertion', {
    meta: { holds: ['IDP-064'], source: 'project rule' },
  }, async () => {
    const { idp, biller, redirectLink } = opened().facts;
    const page = await opened().newPage();
    const before = await issued();
    const posted: Request[] = [];
    page.on('request', (request) => request.method() === 'POST' && posted.push(request));
    await page.goto(redirectLink, { waitUntil: 'commit' });
    await signIn(page, opened().facts);
    await heading(page, 'Which account would you like to pay for?');
    await page.getByText('If you followed a link for one account, choose that one').waitFor();
    const sso = `${idp}/saml/${biller}/sso`;
    await clickTwice(page, sso, page.getByRole('button', { name: '101Invoice' }));
    await landed(page, opened().facts, 'autopay');
    expect(posted.filter((request) => request.url() === sso)).toHaveLength(2);
    expect(await textAt(page, 'account')).toBe('101Invoice');
    expect(await issued()).toBe(before + 1);
    expect(await opened().audit('--event', 'assertion.repeated')).toHaveLength(1);
  });

  test('clicks “Sign in” twice, and arrives', { meta: { holds: ['IDP-064'], source: 'project rule' } }, async () => {
    const { idp, biller, redirectLink, user } = opened().facts;
    const page = await opened().newPage();
    await page.goto(redirectLink, { waitUntil: 'commit' });
    await heading(page, 'Sign in');
    await page.getByLabel('Email address').fill(user.email);
    await page.getByLabel('Password', { exact: true }).fill(user.password);
    await clickTwice(page, `${idp}/login/${biller}`, page.getByRole('button', { name: 'Sign in' }));
    await choose(page, '101Invoice');
    await landed(page, opened().facts, 'autopay');
  });
});

describe('the POST binding', () => {
  /** Onboards the biller at the sandbox again, as its staff would, with another binding. */
  async function onboard(binding: 'HTTP-POST' | 'HTTP-Redirect'): Promise<void> {
    const { idp, sandbox, biller, billerGuid } = opened().facts;
    const form = { billerGuid, name: 'City of Riverton Water', metadataUrl: `${idp}/saml/${biller}/metadata`, binding };
    const headers = { accept: 'application/json' };
    const response = await fetch(`${sandbox}/onboarding`, { method: 'POST', headers, body: new URLSearchParams(form) });
    expect(response.status).toBe(200);
  }
  beforeAll(() => onboard('HTTP-POST'));
  afterAll(() => onboard('HTTP-Redirect'));

  test('a cross-site POST arrives without the Lax session cookie but still completes without a login', {
    meta: { holds: ['IDP-066'], source: 'SAML Bindings 3.5' },
  }, async () => {
    const { idp, redirectLink } = opened().facts;
    const page = await opened().newPage();
    await signInFirst(page, opened().facts);
    const asked: Request[] = [];
    page.on('request', (request) => asked.push(request));
    const posted = page.waitForRequest((request) => request.method() === 'POST');
    await page.goto(redirectLink, { waitUntil: 'commit' });
    await choose(page, '101Invoice');
    await landed(page, opened().facts, 'autopay');

    // The sandbox is at 127.0.0.1, we are at localhost: two sites to a browser.
    const post = await posted;
    expect(post.url()).toBe(`${idp}/saml/riverton-water/sso`);
    const headers = await post.allHeaders();
    expect(headers['sec-fetch-site']).toBe('cross-site');
    expect(headers.cookie).toBeUndefined();
    expect((await post.response())?.status()).toBe(303);
    const next = asked.find((request) => request.redirectedFrom() === post);
    expect(next?.method()).toBe('GET');
    expect((await next?.allHeaders())?.cookie).toMatch(/__Host-session-riverton-water=/);
    expect(asked.filter((request) => new URL(request.url()).pathname.startsWith('/login'))).toEqual([]);
  });

  test('a cross-site POST by a user who is not signed in waits for the sign-in', {
    meta: { holds: ['IDP-066'], source: 'SAML Bindings 3.5' },
  }, async () => {
    const page = await opened().newPage();
    await signOn(page, opened().facts);
    expect(await textAt(page, 'account')).toBe('101Invoice');
  });
});
