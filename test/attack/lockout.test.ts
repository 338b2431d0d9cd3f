import { beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { PASSWORD, useStage } from '../support/stage.ts';

const HER = 'her@example.com';
const COOKIE = '__Host-browser-riverton';

const stage = useStage({ trustProxy: 'loopback', users: { [HER]: ['1'], 'mallory@example.com': ['2'] } });
beforeAll(() => stage.addBiller('springfield', {}));
// Every test begins without any attempts.
beforeEach(async () => {
  await stage.installation.services.database.db.deleteFrom('signInAttempts').execute();
});

type Browser = ReturnType<typeof stage.stranger>;

const from = (address: string) => ({ 'x-forwarded-for': address });
const signIn = (browser: Browser, password = PASSWORD, address = '192.0.2.1', email = HER) =>
  browser.post('/login/riverton', { email, password }, from(address));

/** A browser that she signed in with, and out again. */
async function herBrowser(): Promise<Browser> {
  const browser = stage.stranger();
  expect((await signIn(browser)).statusCode).toBe(303);
  await browser.post('/logout', { biller: 'riverton' });
  return browser;
}

/** Wrong passwords of a stranger until they are throttled. */
async function lockOut(email = HER): Promise<Awaited<ReturnType<typeof signIn>>> {
  for (let turn = 1; turn < 20; turn += 1) {
    const answer = await signIn(stage.stranger(), 'wrong', `198.51.100.${turn}`, email);
    if (answer.statusCode !== 401) return answer;
  }
  throw new Error('The stranger was never throttled.');
}

const isThrottled = async (browser: Browser, password = PASSWORD) =>
  (await signIn(browser, password, '203.0.113.1')).statusCode === 429;

test('strangers who guess passwords don’t lock out who has signed in with this browser before', async () => {
  const known = await herBrowser();
  await lockOut();
  expect(await isThrottled(stage.stranger())).toBe(true);
  expect((await signIn(known)).statusCode).toBe(303);
  // Her success gives the strangers no new attempts.
  expect(await isThrottled(stage.stranger())).toBe(true);
});

test('nor do strangers who use up the attempts of the network that she shares with them', async () => {
  const known = await herBrowser();
  for (let turn = 0; turn < 101; turn += 1) {
    await signIn(stage.stranger(), 'wrong', '192.0.2.1', `someone-${turn}@example.com`);
  }
  const stranger = await signIn(stage.stranger());
  expect(stranger.statusCode).toBe(429);
  expect(stranger.body).toContain('too many attempts to sign in from your network');
  expect((await signIn(known)).statusCode).toBe(303);
}, 60_000);

test('the answer says how long to wait, and is the same for an email address that nobody has', async () => {
  const [hers, nobodys] = [await lockOut(), await lockOut('nobody@example.com')];
  expect(hers.body).toContain('Try again in 15 minutes, or sign in now with a browser that you have used here before.');
  const seconds = Number(hers.headers['retry-after']);
  expect(seconds).toBeGreaterThan(840);
  expect(seconds).toBeLessThanOrEqual(900);
  const page = ({ body }: { body: string }) => body.replaceAll(/value="[^"]*"/g, '');
  expect(page(hers)).toBe(page(nobodys));
});

test('a known browser has ten attempts of its own, whatever the network, and takes none from other browsers', async () => {
  const [known, other] = [await herBrowser(), await herBrowser()];
  for (let turn = 0; turn < 10; turn += 1) {
    expect((await signIn(known, 'wrong', `198.51.100.${turn}`)).statusCode).toBe(401);
  }
  const answer = await signIn(known, PASSWORD, '198.51.100.99');
  expect(answer.statusCode).toBe(429);
  expect(answer.body).toContain('Try again in 15 minutes.');
  expect((await signIn(other)).statusCode).toBe(303);
  expect((await signIn(stage.stranger())).statusCode).toBe(303);
});

test('the cookie is out of reach of scripts and other sites, lasts for a year, and can’t be read from the database', async () => {
  const answer = await signIn(stage.stranger());
  const cookie = answer.cookies.find(({ name }) => name === COOKIE);
  expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', maxAge: 31_536_000 });
  expect(cookie?.value).toMatch(/^[\w-]{43}$/);
  expect(cookie).not.toHaveProperty('domain');
  const rows = await stage.installation.services.database.db.selectFrom('knownBrowsers').selectAll().execute();
  expect(rows.length).toBeGreaterThan(0);
  const value = Buffer.from(cookie?.value ?? '', 'base64url');
  expect(rows.some(({ idHash }) => idHash.equals(value))).toBe(false);
});

test('a forged cookie, somebody else’s, and one of another biller are worth nothing', async () => {
  const known = await herBrowser();
  const mallorys = stage.stranger();
  expect((await signIn(mallorys, PASSWORD, '192.0.2.1', 'mallory@example.com')).statusCode).toBe(303);
  const elsewhere = await stage.signedIn('springfield', 'pat@example.com');
  await lockOut();
  const of = (browser: Browser, name = COOKIE) => browser.cookies.get(name) ?? '';
  const right = of(known);
  const forged = [
    'x'.repeat(43),
    '',
    `${right.slice(0, -2)}__`,
    `${right}x`,
    right.toUpperCase(),
    '../../etc/passwd',
    "' or 1=1 --",
    of(mallorys),
    of(elsewhere, '__Host-browser-springfield'),
  ];
  for (const value of forged) {
    const browser = stage.stranger();
    browser.cookies.set(COOKIE, value);
    expect(await isThrottled(browser), value).toBe(true);
  }
  const browser = stage.stranger();
  browser.cookies.set(COOKIE, right);
  expect(await isThrottled(browser)).toBe(false);
});

test('her cookie of one biller is worth nothing at another one where she has the same email address', async () => {
  await stage.installation.addUser('springfield', HER, PASSWORD, ['3']);
  const known = await herBrowser();
  await lockOut();
  const browser = stage.stranger();
  browser.cookies.set('__Host-browser-springfield', known.cookies.get(COOKIE) ?? '');
  const there = (password: string) => browser.post('/login/springfield', { email: HER, password });
  for (let turn = 0; turn < 10; turn += 1) expect((await there('wrong')).statusCode).toBe(401);
  const answer = await there('wrong');
  expect(answer.body).toContain('with this email address');
});

test('a copy of the cookie is worth nothing once she has signed in again', async () => {
  const known = await herBrowser();
  const copy = stage.stranger();
  copy.cookies.set(COOKIE, known.cookies.get(COOKIE) ?? '');
  expect((await signIn(known)).statusCode).toBe(303);
  await lockOut();
  expect(await isThrottled(copy)).toBe(true);
  expect(await isThrottled(known)).toBe(false);
});

test('signing in several times at once leaves the browser known', async () => {
  const known = await herBrowser();
  const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(known)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([303, 303, 303, 303, 303]);
  await lockOut();
  expect(await isThrottled(known)).toBe(false);
});

test('two people who share a browser are both known to it', async () => {
  const shared = await herBrowser();
  expect((await signIn(shared, PASSWORD, '192.0.2.1', 'mallory@example.com')).statusCode).toBe(303);
  await shared.post('/logout', { biller: 'riverton' });
  await lockOut();
  await lockOut('mallory@example.com');
  expect((await signIn(shared)).statusCode).toBe(303);
  expect((await signIn(shared, PASSWORD, '192.0.2.1', 'mallory@example.com')).statusCode).toBe(303);
});

test('a browser is forgotten after a new password, after a year, and beyond the twenty last ones', async () => {
  const { operate, services } = stage.installation;
  const changed = await herBrowser();
  await operate('user.update', { biller: 'riverton', email: HER, password: PASSWORD });
  const disabled = await herBrowser();
  await operate('user.update', { biller: 'riverton', email: HER, disabled: true });
  await operate('user.update', { biller: 'riverton', email: HER, disabled: false });
  const old = await herBrowser();
  stage.pass(366 * 24 * 3600_000);
  const first = await herBrowser();
  stage.pass(1_000);
  for (let turn = 0; turn < 20; turn += 1) {
    await herBrowser();
    stage.pass(1_000);
  }
  const last = await herBrowser();
  await lockOut();
  for (const browser of [changed, disabled, old, first]) expect(await isThrottled(browser)).toBe(true);
  expect(await isThrottled(last)).toBe(false);
  const count = async () => (await services.database.db.selectFrom('knownBrowsers').selectAll().execute()).length;
  stage.pass(366 * 24 * 3600_000);
  await services.tidy();
  expect(await count()).toBe(0);
}, 60_000);

test('ending her sessions makes no stranger of her: the cookie opens nothing', async () => {
  const known = stage.stranger();
  await signIn(known);
  await stage.installation.operate('session.end', { biller: 'riverton', email: HER, reason: 'test' });
  await lockOut();
  expect((await known.get('/login/riverton')).body).not.toContain('Sign out');
  expect((await signIn(known)).statusCode).toBe(303);
});

test('attempts count on all instances together, and a browser is known to all of them', async () => {
  const { services, masterKey } = stage.installation;
  const [row] = await services.database.query<{ name: string }>(
    { name: 'which-database', text: 'select current_database() as name' },
    [],
  );
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${row?.name}`;
  let other: TestInstallation | undefined;
  try {
    other = await startInstallation({ existing: { url: url.href, masterKey }, trustProxy: 'loopback' });
    const known = await herBrowser();
    await lockOut();
    const there = (headers: Record<string, string>) =>
      other?.server.inject({
        method: 'POST',
        url: '/login/riverton',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: new URLSearchParams({ email: HER, password: PASSWORD }).toString(),
      });
    expect((await there({}))?.statusCode).toBe(429);
    expect((await there({ cookie: `${COOKIE}=${known.cookies.get(COOKIE)}` }))?.statusCode).toBe(303);
  } finally {
    await other?.close();
  }
});

test('she gets her turn while strangers of many networks keep the queue of passwords full', async () => {
  const known = await herBrowser();
  const guesses = Array.from({ length: 400 }, (_, turn) =>
    signIn(stage.stranger(), 'wrong', `10.0.${Math.floor(turn / 200)}.${turn % 200}`, `crowd-${turn}@example.com`),
  );
  const hers = await signIn(known);
  expect(hers.statusCode).toBe(303);
  const answers = await Promise.all(guesses);
  expect(answers.some(({ statusCode }) => statusCode === 503)).toBe(true);
}, 60_000);
