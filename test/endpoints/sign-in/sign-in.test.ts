import { beforeAll, expect, test } from 'vitest';
import { errorCodeOf } from '../../support/browser/browser-like.ts';
import { PASSWORD, useStage } from '../../support/stage.ts';

const FAILED = 'The email address or the password is not right.';

const stage = useStage({
  trustProxy: 'loopback',
  billerInput: { settings: { sessionIdleMinutes: 30, sessionLifetimeMinutes: 60 } },
  users: { 'pat@example.com': ['101Invoice'], 'off@example.com': ['101Invoice'], 'slow@example.com': ['101Invoice'] },
});
beforeAll(async () => {
  stage.holdClock();
  await stage.installation.operate('user.update', { biller: 'riverton', email: 'off@example.com', disabled: true });
});

const browser = stage.stranger;
const signIn = (email: string, password: string, address = '192.0.2.1', headers: Record<string, string> = {}) =>
  browser().post('/login/riverton', { email, password }, { 'x-forwarded-for': address, ...headers });
const reasons = async () =>
  (
    (await stage.installation.operate('audit.list', { event: 'sign_in.failed' })) as { details: { reason: string } }[]
  ).map(({ details }) => details.reason);

test('a wrong password, an unknown user and a disabled one get the same answer', async () => {
  const answers = [
    await signIn('pat@example.com', 'wrong password'),
    await signIn('nobody@example.com', PASSWORD),
    await signIn('off@example.com', PASSWORD),
  ];
  for (const answer of answers) {
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain(FAILED);
    expect(answer.cookies).toEqual([]);
  }
  const page = ({ body }: { body: string }) => body.replaceAll(/value="[^"]*"/g, '');
  expect(new Set(answers.map(page)).size).toBe(1);
  // Only the audit says which.
  expect(await reasons()).toEqual(['disabled', 'unknown_user', 'wrong_password']);
});

test('too many attempts at one account are throttled from any address, with Retry-After, while others can sign in', async () => {
  let answer = await signIn('slow@example.com', 'wrong', '198.51.100.1');
  for (let turn = 2; turn < 30 && answer.statusCode === 401; turn += 1) {
    answer = await signIn('slow@example.com', 'wrong', `198.51.100.${turn}`);
  }
  expect(answer.statusCode).toBe(429);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  // Even the right password is refused: otherwise an attacker would learn that it is right.
  expect((await signIn('slow@example.com', PASSWORD, '198.51.100.99')).statusCode).toBe(429);
  expect((await signIn('pat@example.com', PASSWORD, '198.51.100.1')).statusCode).toBe(303);
  expect(await reasons()).toContain('throttled');
});

test('too many attempts from one address are throttled for every account', async () => {
  const from = (turn: number) => signIn(`someone-${turn}@example.com`, 'wrong', '203.0.113.9');
  let answer = await from(0);
  for (let turn = 1; turn < 200 && answer.statusCode === 401; turn += 1) answer = await from(turn);
  expect(answer.statusCode).toBe(429);
  expect((await signIn('pat@example.com', PASSWORD, '203.0.113.10')).statusCode).toBe(303);
  // An IPv6 user typically has a whole /64.
  for (let turn = 0; turn < 120; turn += 1) {
    answer = await signIn(`other-${turn}@example.com`, 'wrong', `2001:db8:1:2::${turn.toString(16)}`);
  }
  expect(answer.statusCode).toBe(429);
  expect((await signIn('pat@example.com', PASSWORD, '2001:db8:1:3::1')).statusCode).toBe(303);
}, 120_000);

test('refuses a form from another website before anything else is checked', {
  meta: { holds: ['IDP-072'], source: 'project rule' },
}, async () => {
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
  ]) {
    const answer = await signIn('pat@example.com', PASSWORD, '192.0.2.50', headers);
    expect([answer.statusCode, errorCodeOf(answer)]).toEqual([403, 'cross_site']);
    const out = await browser().post('/logout', { biller: 'riverton' }, headers);
    expect(errorCodeOf(out)).toBe('cross_site');
  }
  expect(
    (await signIn('pat@example.com', PASSWORD, '192.0.2.50', { 'sec-fetch-site': 'same-origin' })).statusCode,
  ).toBe(303);
});

test('a session ends after its idle timeout, after its lifetime, at sign-out, and when the user is disabled', async () => {
  const { signedIn, pass } = stage;
  const isIn = async (one: ReturnType<typeof browser>) => (await one.get('/login/riverton')).body.includes('Sign out');
  const idle = await signedIn();
  pass(29 * 60_000);
  expect(await isIn(idle)).toBe(true);
  pass(29 * 60_000);
  expect(await isIn(idle)).toBe(true);
  pass(3 * 60_000);
  expect(await isIn(idle)).toBe(false);
  const left = await signedIn();
  pass(31 * 60_000);
  expect(await isIn(left)).toBe(false);
  const out = await signedIn();
  const id = out.cookies.get('__Host-session-riverton') ?? '';
  await out.post('/logout', { biller: 'riverton' });
  expect(out.cookies.has('__Host-session-riverton')).toBe(false);
  out.cookies.set('__Host-session-riverton', id);
  expect(await isIn(out)).toBe(false);
  const disabled = await signedIn();
  await stage.installation.operate('user.update', { biller: 'riverton', email: 'pat@example.com', disabled: true });
  expect(await isIn(disabled)).toBe(false);
  await stage.installation.operate('user.update', { biller: 'riverton', email: 'pat@example.com', disabled: false });
});

test('never redirects to an address from a request', {
  meta: { holds: ['IDP-072'], source: 'project rule' },
}, async () => {
  const form = { email: 'pat@example.com', password: PASSWORD };
  for (const [name, value] of [
    ['next', 'https://evil.example'],
    ['flow', 'https://evil.example'],
    ['destination', '//evil.example/..'],
    ['destination', 'https://evil.example'],
  ] as const) {
    const answer = await browser().post('/login/riverton', { ...form, [name]: value });
    expect(String(answer.headers.location)).toMatch(/^\/(login|launch)\/riverton/);
    expect(new URL(String(answer.headers.location), 'https://idp.example').origin).toBe('https://idp.example');
  }
});
