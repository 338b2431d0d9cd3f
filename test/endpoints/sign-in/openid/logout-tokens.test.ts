import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BrowserLike } from '../../../support/browser/browser-like.ts';
import { requireLeadsTo } from '../../../support/openid/journey.ts';
import { CLIENT, type StrangeProvider, startStrangeProvider } from '../../../support/openid/strange-provider.ts';
import { useStage } from '../../../support/stage.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const stage = useStage();
let provider: StrangeProvider;
beforeAll(async () => {
  provider = await startStrangeProvider();
  const settings = {
    signIn: 'oidc',
    oidcIssuer: provider.issuer,
    oidcClientId: CLIENT.id,
    oidcAccountsClaim: 'accounts',
  };
  await stage.installation.operate('biller.update', { slug: 'riverton', oidcClientSecret: CLIENT.secret, settings });
  await stage.addBiller('lakeside', { oidcClientSecret: CLIENT.secret, settings });
});
afterAll(() => provider.close());

async function signIn(sub: string, sid: string | undefined, biller = 'riverton'): Promise<BrowserLike> {
  provider.claims = { sub, sid };
  const browser = stage.stranger();
  const { searchParams } = requireLeadsTo(await browser.get(`/login/${biller}`));
  const state = searchParams.get('state') ?? '';
  const back = new URLSearchParams({ state, code: `code ${searchParams.get('nonce')}`, iss: provider.issuer });
  expect((await browser.get(`/login/${biller}/callback?${back}`)).statusCode).toBe(303);
  return browser;
}
const isSignedIn = async (browser: BrowserLike, biller = 'riverton') =>
  !(await browser.get(`/login/${biller}`)).body.includes('http-equiv="refresh"');

const now = () => Math.floor(Date.now() / 1000);
const right = () => ({
  iss: provider.issuer,
  aud: CLIENT.id,
  iat: now(),
  exp: now() + 120,
  jti: crypto.randomUUID(),
  events: { [EVENT]: {} },
});
async function logOut(claims: Record<string, unknown>, header?: Record<string, string>, biller = 'riverton') {
  const all = Object.entries({ ...right(), ...claims }).filter(([, value]) => value !== undefined);
  const token = await provider.sign(Object.fromEntries(all) as JWTPayload, header);
  return stage.stranger().post(`/login/${biller}/backchannel-logout`, { logout_token: token });
}

let first: BrowserLike;
let second: BrowserLike;
let kim: BrowserLike;
beforeEach(async () => {
  for (const sub of ['pat', 'kim']) await logOut({ sub });
  first = await signIn('pat', 'session-1');
  second = await signIn('pat', 'session-2');
  kim = await signIn('kim', undefined);
});
const states = async () => [await isSignedIn(first), await isSignedIn(second), await isSignedIn(kim)];

test('a logout token with a session ends that one only', async () => {
  const answer = await logOut({ sub: 'pat', sid: 'session-1' }, { typ: 'logout+jwt' });
  expect([answer.statusCode, answer.body, answer.headers['cache-control']]).toEqual([200, '', 'no-store']);
  expect(await states()).toEqual([false, true, true]);
  expect((await stage.audited('session.ended_by_provider')).details).toEqual({ sessions: 1 });
});

test('a logout token with a person ends all their sessions, and those of nobody else', async () => {
  expect((await logOut({ sub: 'pat' })).statusCode).toBe(200);
  expect(await states()).toEqual([false, false, true]);
  expect((await stage.audited('session.ended_by_provider')).details).toEqual({ sessions: 2 });
});

test('a session whose ID the provider never told ends with the person', async () => {
  expect((await logOut({ sub: 'kim', sid: 'session-9' })).statusCode).toBe(200);
  expect(await states()).toEqual([true, true, false]);
});

test('a session of one person and the sub of another end nothing', async () => {
  expect((await logOut({ sub: 'kim', sid: 'session-1' })).statusCode).toBe(200);
  expect((await states())[0]).toBe(true);
});

test('a session that began after the logout token was issued goes on', async () => {
  expect((await logOut({ sub: 'pat', iat: now() - 90 })).statusCode).toBe(200);
  expect(await states()).toEqual([true, true, true]);
});

test('a session at another biller goes on, also of the same person', async () => {
  const there = await signIn('pat', 'session-1', 'lakeside');
  await logOut({ sub: 'pat', sid: 'session-1' });
  expect([await isSignedIn(first), await isSignedIn(there, 'lakeside')]).toEqual([false, true]);
});

test('the session of a launch goes on: the provider knows nothing of it', async () => {
  const launched = (await stage.installation.operate('launch.make', {
    biller: 'riverton',
    user: 'pat',
    email: 'pat@example.com',
    accounts: ['101Invoice:owner'],
    destination: 'bills',
  })) as { url: string };
  const browser = stage.stranger();
  expect((await browser.get(new URL(launched.url).pathname)).statusCode).toBe(303);
  await logOut({ sub: 'pat' });
  expect([await isSignedIn(browser), await isSignedIn(first)]).toEqual([true, false]);
});

test.each<[string, () => Record<string, unknown>, Record<string, string>?]>([
  ['of another issuer', () => ({ iss: 'https://evil.example' })],
  ['for another client', () => ({ aud: 'another' })],
  ['with a nonce, as an ID token has', () => ({ nonce: 'x' })],
  ['without the event', () => ({ events: { other: {} } })],
  ['without events', () => ({ events: undefined })],
  ['that names nobody', () => ({ sub: undefined })],
  ['without an ID of its own', () => ({ jti: undefined })],
  ['of an hour ago', () => ({ iat: now() - 3600, exp: now() + 60 })],
  ['that has expired', () => ({ iat: now() - 100, exp: now() - 90 })],
  ['of another type', () => ({}), { typ: 'at+jwt' }],
])('a logout token %s ends nothing', async (_what, claims, header) => {
  const answer = await logOut({ sub: 'pat', ...claims() }, header);
  expect([answer.statusCode, answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
  expect(await states()).toEqual([true, true, true]);
});

test.each(['', 'x', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJwYXQifQ.', 'x'.repeat(15_000)])(
  '"%.10s" is no logout token',
  async (token) => {
    const answer = await stage.stranger().post('/login/riverton/backchannel-logout', { logout_token: token });
    expect(answer.statusCode).toBe(400);
    expect(await states()).toEqual([true, true, true]);
  },
);

test('a biller without a provider takes no logout token', async () => {
  await stage.addBiller('plain');
  expect((await logOut({ sub: 'pat' }, undefined, 'plain')).statusCode).toBe(400);
});
