import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHsm } from '../../../../src/core/keys/hsm/hsm.ts';
import { createBrowserLike, errorCodeOf, postedBy } from '../../../support/browser/browser-like.ts';
import {
  createTestToken,
  helpersOf,
  type RemoteHsm,
  startRemoteHsm,
  type TestToken,
} from '../../../support/hsm/softhsm.ts';
import { startInstallation, type TestInstallation } from '../../../support/installation.ts';
import { authnRequest, redirectQuery } from '../../../support/saml/authn-request.ts';

/** Less than the signatures of a test take together. */
const ANSWER_MS = 2_000;
const PASSWORD = 'correct horse battery';

/** An HSM that makes some ten signatures a second: one takes two calls. */
let token: TestToken;
let remote: RemoteHsm;
let installation: TestInstallation;
/** The labels of the keys, by biller. */
let labels: Record<string, string>;
beforeAll(async () => {
  token = createTestToken();
  remote = await startRemoteHsm(token, 50);
  installation = await startInstallation({ hsm: createHsm(remote.settings, { login: 60_000, answer: ANSWER_MS }) });
  await installation.addBiller('riverton', { module: true, settings: { sign: 'assertion' } });
  await installation.addBiller('springfield', { module: true, settings: { sign: 'response' } });
  await installation.addUser('riverton', 'pat@example.com', PASSWORD, ['101Invoice']);
  labels = Object.fromEntries(token.objects().map(({ label }) => [label.split(' ')[1] ?? '', label]));
});
afterAll(async () => {
  await installation.close();
  await remote.stop();
  token.remove();
});
const bring = (browser: ReturnType<typeof createBrowserLike>, biller: string, attributes = {}) =>
  browser.get(`/saml/${biller}/sso?${redirectQuery(authnRequest({ attributes }))}`);

/** Signs with a key, the one of riverton by default. @param last whether the others go first */
async function sign(last = false, label = labels.riverton): Promise<void> {
  const { hsm } = installation.services;
  await hsm?.sign(label ?? '', Buffer.from('what is signed'), last);
}

test('the time limit of a signature begins with its turn, and the helper lives on', async () => {
  const helpers = helpersOf(process.pid);
  expect(helpers).toHaveLength(1);
  await Promise.all(Array.from({ length: 60 }, () => sign()));
  expect(helpersOf(process.pid)).toEqual(helpers);
});

test('signatures that can wait go last, and take one session at most', async () => {
  const order: string[] = [];
  const note = (what: string) => () => void order.push(what);
  const patient = Array.from({ length: 3 }, () => sign(true).then(note('last')));
  const urgent = Array.from({ length: 12 }, () => sign().then(note('first')));
  await Promise.all([...patient, ...urgent]);
  // The one that had begun, and the two that waited.
  expect(order.filter((what) => what === 'last')).toHaveLength(3);
  expect(order.slice(-2)).toEqual(['last', 'last']);
});

test('billers take turns', async () => {
  const order: string[] = [];
  const note = (what: string) => () => void order.push(what);
  const many = Array.from({ length: 24 }, () => sign(false, labels.springfield).then(note('many')));
  const few = Array.from({ length: 3 }, () => sign().then(note('few')));
  await Promise.all([...many, ...few]);
  expect(order.lastIndexOf('few')).toBeLessThan(20);
});

test('a flood of requests that get an error Response does not refuse anyone who signs on', async () => {
  const browser = createBrowserLike(installation.server);
  await browser.signIn('riverton', 'pat@example.com', PASSWORD);
  const stranger = createBrowserLike(installation.server);
  const flood = Array.from({ length: 120 }, () => bring(stranger, 'springfield', { IsPassive: 'true' }));
  const issued = Array.from({ length: 9 }, () => bring(browser, 'riverton'));
  for (const page of await Promise.all(issued)) expect(postedBy(page)?.xml).toContain('<saml:Assertion');
  const pages = await Promise.all(flood);
  const answered = pages.filter((page) => postedBy(page) !== undefined);
  expect(answered.length).toBeGreaterThan(0);
  // An error Response is signed, or there is none.
  for (const page of answered) expect(postedBy(page)?.xml).toContain('SignatureValue');
  const refused = pages.filter((page) => postedBy(page) === undefined);
  expect(refused.length).toBeGreaterThan(80);
  for (const page of refused) {
    expect([page.statusCode, errorCodeOf(page), page.headers['retry-after']]).toEqual([503, 'service_busy', '5']);
  }
});

test('a sign-on that would wait too long is refused before anything is recorded', async () => {
  const browser = createBrowserLike(installation.server);
  await browser.signIn('riverton', 'pat@example.com', PASSWORD);
  const before = ((await installation.operate('audit.list', { event: 'assertion.issued' })) as unknown[]).length;
  const crowd = Array.from({ length: 60 }, () => sign());
  // The first eight are being signed; when these are done, the others have waited for a while.
  await Promise.all(crowd.slice(0, 45));
  const page = await bring(browser, 'riverton');
  expect([page.statusCode, errorCodeOf(page), page.headers['retry-after']]).toEqual([503, 'service_busy', '5']);
  expect(((await installation.operate('audit.list', { event: 'assertion.issued' })) as unknown[]).length).toBe(before);
  await Promise.all(crowd);
  expect(postedBy(await bring(browser, 'riverton'))).toBeDefined();
});
