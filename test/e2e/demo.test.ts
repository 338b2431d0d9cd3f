import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { isFree } from '../support/programs/free-port.ts';
import { all, attributes, only, parseDom } from '../support/saml/dom.ts';
import { xmlsecVerify } from '../support/saml/xml-tools.ts';
import { choose, heading, landed, signIn, signInFirst, signOn, textAt } from './demo-in-browser.ts';
import { useDemo } from './use-demo.ts';

const pageAudit = readFileSync(new URL('../platform/http/pages/page-audit.js', import.meta.url), 'utf8');
const REFERENCE = /^[a-z]+-[a-z]+-[a-z]+$/;

const opened = useDemo();

test('the demo prints one line of JSON, and makes its own secrets, readable only by their owner', () => {
  const { facts, demo, place } = opened();
  const { idp, sandbox, portal, biller, billerGuid, redirectLink, user } = facts;
  const printed = demo.output().split('\n');
  expect(printed.filter((line) => !line.startsWith('>') && line !== '')).toHaveLength(1);
  expect({ idp, sandbox, portal, biller }).toEqual({
    idp: `http://localhost:${place.port}`,
    sandbox: `http://127.0.0.1:${place.sandboxPort}`,
    portal: `http://127.0.0.1:${place.portalPort}`,
    biller: 'riverton-water',
  });
  expect(redirectLink).toBe(`${sandbox}/saml/${billerGuid}?account=101Invoice&ViewMode=0&DeepLinkID=3`);
  expect(user.accounts).toEqual([
    { number: '101Invoice', role: 'owner' },
    { number: '202Invoice', role: 'co-owner' },
  ]);
  const secrets = ['demo.json', 'portal-users.json', 'portal-api-key', 'postgresql/pgpass'];
  for (const secret of ['certs/master.key', ...secrets.map((name) => `data/demo/${name}`)]) {
    expect(statSync(join(place.folder, secret)).mode & 0o777, secret).toBe(0o600);
  }
});

describe('a sign-on from the redirect link', () => {
  test('leads through sign-in and account choice to AutoPay of account 101Invoice, with the signed claims', async () => {
    const { idp, sandbox, biller, billerGuid, user } = opened().facts;
    const page = await opened().newPage();
    const posted = page.waitForRequest(`${sandbox}/saml/${billerGuid}/acs`);
    await signOn(page, opened().facts);

    await heading(page, 'AutoPay');
    const shown = ['account', 'email', 'login-type', 'destination', 'view-mode', 'name-id'];
    const values = await Promise.all(shown.map((testId) => textAt(page, testId)));
    expect(values).toEqual(['101Invoice', user.email, '1', 'autopay', '0', user.email]);

    // The posted Response verifies with the biller's published certificate and contains the same values.
    const fields = new URLSearchParams((await posted).postData() ?? '');
    const response = Buffer.from(fields.get('SAMLResponse') ?? '', 'base64').toString();
    const certificate = await (await fetch(`${idp}/saml/${biller}/certificate.pem`)).text();
    expect(xmlsecVerify(response, certificate)).toMatchObject({ status: 0 });
    const assertion = only(parseDom(response), 'saml:Assertion');
    expect(attributes(assertion).ID).toBe(await textAt(page, 'assertion-id'));
    const claims = all(assertion, 'saml:Attribute').map((claim) => [
      attributes(claim).Name,
      ...all(claim, 'saml:AttributeValue').map((value) => value.textContent),
    ]);
    expect(claims).toEqual([
      ['Email', user.email],
      ['LoginType', '1'],
      ['AccountNumber', '101Invoice'],
    ]);
  });

  test('asks for the password only once: the next link asks only for the account', async () => {
    const { sandbox, billerGuid } = opened().facts;
    const page = await opened().newPage();
    await signOn(page, opened().facts);
    const first = await textAt(page, 'assertion-id');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${sandbox}/saml/${billerGuid}?account=202Invoice&ViewMode=0&DeepLinkID=1`);
    await choose(page, '202Invoice');
    await landed(page, opened().facts, 'bills');
    expect(asked.filter((path) => path.startsWith('/login'))).toEqual([]);
    expect(await textAt(page, 'account')).toBe('202Invoice');
    expect(await textAt(page, 'login-type')).toBe('5');
    expect(await textAt(page, 'assertion-id')).not.toBe(first);
  });

  test('a launch from the page of the signed-in portal user asks neither', async () => {
    const page = await opened().newPage();
    await signInFirst(page, opened().facts);
    const account = page.getByRole('region', { name: 'Account 202Invoice' });
    await account.getByRole('link', { name: 'Payment methods' }).click();
    await landed(page, opened().facts, 'payment-methods');
    expect(await textAt(page, 'account')).toBe('202Invoice');
  });

  test('completes with scripts off, by a button', {
    meta: { holds: ['IDP-063'], source: 'SAML Bindings 3.5.5.1; project rule' },
  }, async () => {
    const page = await opened().newPage({ javaScriptEnabled: false });
    await page.goto(opened().facts.redirectLink);
    await signIn(page, opened().facts);
    await choose(page, '101Invoice');
    await page.getByRole('button', { name: 'Continue' }).click();
    await landed(page, opened().facts, 'autopay');
    expect(await textAt(page, 'account')).toBe('101Invoice');
  });

  test('fits a phone: nothing scrolls sideways, and every control is large enough for a thumb', async () => {
    const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const;
    const page = await opened().newPage({ ...phone, reducedMotion: 'reduce' });
    await page.goto(opened().facts.redirectLink);
    await heading(page, 'Sign in');
    expect(await page.evaluate(pageAudit)).toEqual([]);
    await signIn(page, opened().facts);
    await heading(page, 'Which account would you like to pay for?');
    expect(await page.evaluate(pageAudit)).toEqual([]);
    await choose(page, '101Invoice');
    await landed(page, opened().facts, 'autopay');
    await heading(page, 'AutoPay');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});

describe('when something is wrong', () => {
  test('a wrong password is reported on the sign-in page, and the right one then continues', async () => {
    const page = await opened().newPage();
    await page.goto(opened().facts.redirectLink);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await signIn(page, opened().facts, 'not the password');
    expect((await answered).status()).toBe(401);
    const alert = page.getByRole('alert');
    expect(await alert.textContent()).toContain('The email address or the password is not right.');
    expect(await page.getByLabel('Email address').inputValue()).toBe(opened().facts.user.email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await signIn(page, opened().facts);
    await choose(page, '101Invoice');
    await landed(page, opened().facts, 'autopay');
  });

  test('a launch for someone else’s account gets a 403 page, whose reference finds it in the audit log', {
    meta: { holds: ['IDP-070'], source: 'project rule' },
  }, async () => {
    const page = await opened().newPage();
    await signInFirst(page, opened().facts);
    const response = await page.goto(`${opened().facts.idp}/launch/riverton-water/autopay?account=303Invoice`);
    expect(response?.status()).toBe(403);
    await heading(page, 'This account is not yours');
    expect(await textAt(page, 'error-code')).toBe('account_forbidden');
    const reference = (await textAt(page, 'reference')) ?? '';
    expect(reference).toMatch(REFERENCE);
    expect(await opened().audit('--reference', reference)).toMatchObject([
      { event: 'launch.refused', reference, details: { code: 'account_forbidden' } },
    ]);
  });
});

test('Ctrl-C ends everything and frees the ports; the next start keeps biller, key and user', async () => {
  const { facts, demo, place } = opened();
  const metadataUrl = `${facts.idp}/saml/riverton-water/metadata`;
  const metadata = await (await fetch(metadataUrl)).text();

  await demo.interrupt();
  // The process that ended last may still be in the process list.
  await vi.waitUntil(() => !demo.isAlive(), { timeout: 10_000 });
  expect(await Promise.all([place.port, place.sandboxPort, place.portalPort].map(isFree))).toEqual([true, true, true]);

  await opened().restart();
  expect(opened().facts).toEqual(facts);
  expect(await (await fetch(metadataUrl)).text()).toBe(metadata);
  await signOn(await opened().newPage(), facts);
});
