import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, requirePosted, statusOf } from '../../../support/browser/browser-like.ts';
import { requireLeadsTo } from '../../../support/openid/journey.ts';
import { CLIENT, json, type StrangeProvider, startStrangeProvider } from '../../../support/openid/strange-provider.ts';
import { useStage } from '../../../support/stage.ts';

const stage = useStage();
let provider: StrangeProvider;
let other: StrangeProvider;

const settingsOf = ({ issuer }: StrangeProvider) => ({
  signIn: 'oidc',
  oidcIssuer: issuer,
  oidcClientId: CLIENT.id,
  oidcAccountsClaim: 'accounts',
});
beforeAll(async () => {
  [provider, other] = await Promise.all([startStrangeProvider(), startStrangeProvider()]);
  const input = { oidcClientSecret: CLIENT.secret, settings: settingsOf(provider) };
  await stage.installation.operate('biller.update', { slug: 'riverton', ...input });
  await stage.addBiller('lakeside', { oidcClientSecret: CLIENT.secret, settings: settingsOf(other) });
});
afterAll(() => Promise.all([provider.close(), other.close()]));
afterEach(() => provider.behave());

interface Begun {
  readonly state: string;
  readonly nonce: string;
}
async function begin(browser: BrowserLike, biller = 'riverton'): Promise<Begun> {
  const { searchParams } = requireLeadsTo(await browser.get(`/login/${biller}`));
  return { state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' };
}
const callback = (fields: Record<string, string>, biller = 'riverton') =>
  `/login/${biller}/callback?${new URLSearchParams(fields)}`;
const comeBack = (browser: BrowserLike, { state, nonce }: Begun, over: Record<string, string> = {}) =>
  browser.get(callback({ state, code: `code ${nonce}`, iss: provider.issuer, ...over }));
async function signIn(over: Record<string, string> = {}) {
  const browser = stage.stranger();
  return comeBack(browser, await begin(browser), over);
}
const hasSession = ({ cookies }: { cookies: readonly { name: string }[] }) =>
  cookies.some(({ name }) => name.startsWith('__Host-session'));
const users = async (biller = 'riverton') =>
  (await stage.installation.operate('user.list', { biller, source: 'oidc' })) as { externalId: string }[];

/** Nothing is half-done: no session, no portal user, an audit event and a trace under the reference. */
async function expectRefused(answer: Awaited<ReturnType<typeof signIn>>, code: string, detail: RegExp) {
  expect(errorCodeOf(answer)).toBe(code);
  expect(hasSession(answer)).toBe(false);
  expect(answer.body).toContain('Try again');
  const failed = await stage.audited('sign_in.failed');
  expect(failed.details.reason).toMatch(new RegExp(`^${code}: .*${detail.source}`));
  expect(answer.body).toContain(failed.reference);
  // It is kept after the answer.
  const trace = () => stage.installation.operate('trace.show', { reference: failed.reference }).catch(() => undefined);
  await expect.poll(async () => JSON.stringify(await trace()), { timeout: 10_000 }).toContain(code);
}

test('the sign-in that is right goes through, so that the others fail for what is wrong with them', async () => {
  const answer = await signIn();
  expect([answer.statusCode, answer.headers.location, hasSession(answer)]).toEqual([303, '/login/riverton', true]);
  await stage.installation.operate('user.remove', { biller: 'riverton', source: 'oidc', externalId: 'pat' });
});

describe('an ID token', () => {
  afterEach(async () => expect(await users()).toEqual([]));
  const now = () => Math.floor(Date.now() / 1000);

  test.each<[string, () => Record<string, unknown>, string, RegExp]>([
    ['for another sign-in', () => ({ nonce: 'another' }), 'provider_answer_refused', /nonce/],
    ['without a nonce', () => ({ nonce: undefined }), 'provider_answer_refused', /nonce|ID token/],
    ['of another issuer', () => ({ iss: 'https://evil.example' }), 'provider_answer_refused', /iss/],
    ['for another client', () => ({ aud: 'another' }), 'provider_answer_refused', /aud/],
    [
      'for several clients, for another one',
      () => ({ aud: [CLIENT.id, 'b'], azp: 'b' }),
      'provider_answer_refused',
      /az/,
    ],
    ['that has expired', () => ({ exp: now() - 120 }), 'provider_answer_refused', /clocks/],
    ['of tomorrow', () => ({ nbf: now() + 3600 }), 'provider_answer_refused', /clocks/],
    ['without a sub', () => ({ sub: undefined }), 'provider_answer_refused', /sub/],
    ['with a sub that is too long', () => ({ sub: 'x'.repeat(256) }), 'claim_invalid', /sub/],
    ['without an email', () => ({ email: undefined }), 'claim_missing', /"email"/],
    ['with an email that can’t be one', () => ({ email: 'pat' }), 'claim_invalid', /"email"/],
    ['with an email that is not verified', () => ({ email_verified: false }), 'email_unverified', /is not/],
    ['with an email of unknown truth', () => ({ email_verified: undefined }), 'email_unverified', /nothing/],
    ['without accounts', () => ({ accounts: [] }), 'account_missing', /no account/],
    ['with accounts of another shape', () => ({ accounts: [{ id: 1 }] }), 'claim_invalid', /"accounts"/],
    ['with an account that can’t be one', () => ({ accounts: ['a\nb'] }), 'claim_invalid', /"accounts"/],
  ])('%s is refused', async (_what, claims, code, detail) => {
    provider.claims = claims();
    await expectRefused(await signIn(), code, detail);
  });

  test.each([
    ['none', /algorithm|alg/],
    ['client secret', /algorithm|alg/],
    ['unknown key', /no applicable key|key/],
  ] as const)('signed with %s is refused', async (signed, detail) => {
    provider.signed = signed;
    await expectRefused(await signIn(), 'provider_answer_refused', detail);
  });
});

test('after the provider has rotated its key, sign-ins go through again', async () => {
  expect(hasSession(await signIn())).toBe(true);
  await provider.rotateKey();
  // Keys that were fetched a moment ago are not fetched again: see COOLDOWN_MS.
  await expect.poll(async () => hasSession(await signIn()), { timeout: 30_000, interval: 500 }).toBe(true);
  await stage.installation.operate('user.remove', { biller: 'riverton', source: 'oidc', externalId: 'pat' });
});

describe('an answer', () => {
  test.each<[string, Record<string, string>, string, RegExp]>([
    ['of another issuer, mixed up', { iss: 'https://evil.example' }, 'provider_answer_refused', /issuer|iss/],
    ['that the person canceled', { error: 'access_denied', code: '' }, 'provider_refused', /access_denied/],
    ['that the provider failed', { error: 'server_error', code: '' }, 'provider_unavailable', /server_error/],
    ['that we are set up wrong', { error: 'invalid_scope', code: '' }, 'provider_misconfigured', /invalid_scope/],
    ['without a code', { code: '' }, 'provider_answer_refused', /./],
  ])('%s is a page', async (_what, over, code, detail) => {
    const fields = Object.fromEntries(Object.entries(over).filter(([, value]) => value !== ''));
    const browser = stage.stranger();
    const { state, nonce } = await begin(browser);
    const base: Record<string, string> = { state, iss: provider.issuer };
    if (over.code === undefined) base.code = `code ${nonce}`;
    await expectRefused(await browser.get(callback({ ...base, ...fields })), code, detail);
  });

  test('is not repeated to the log or the page with what the provider says of a person', async () => {
    const answer = await signIn({ error: 'access_denied', error_description: 'pat@example.com said no' });
    expect(answer.body).not.toContain('pat@example.com');
    expect(String((await stage.audited('sign_in.failed')).details.reason)).not.toContain('pat@example.com');
  });
});

describe('the browser that comes back', () => {
  const unknown = async (answer: Awaited<ReturnType<typeof signIn>>) => {
    expect([errorCodeOf(answer), hasSession(answer)]).toEqual(['flow_unknown', false]);
    expect(provider.asked['/token'] ?? 0).toBe(calls);
  };
  let calls = 0;
  const remember = () => {
    calls = provider.asked['/token'] ?? 0;
  };

  test('has not begun the sign-in: a link of a stranger signs nobody in as the stranger', async () => {
    const stranger = stage.stranger();
    const begun = await begin(stranger);
    remember();
    await unknown(await comeBack(stage.stranger(), begun));
  });

  test('brings another state', async () => {
    const browser = stage.stranger();
    const begun = await begin(browser);
    remember();
    await unknown(await comeBack(browser, { ...begun, state: `${begun.state.slice(0, 42)}x` }));
    await unknown(await comeBack(browser, { ...begun, state: '' }));
  });

  test('comes twice: the second time nothing is asked of the provider', async () => {
    const browser = stage.stranger();
    const begun = await begin(browser);
    expect(hasSession(await comeBack(browser, begun))).toBe(true);
    remember();
    await unknown(await comeBack(browser, begun));
  });

  test('comes with a copied cookie and a code that was used: the provider refuses it', async () => {
    const browser = stage.stranger();
    const begun = await begin(browser);
    const copied = new Map(browser.cookies);
    expect(hasSession(await comeBack(browser, begun))).toBe(true);
    provider.instead = { token: json({ error: 'invalid_grant', error_description: 'used' }, 400) };
    for (const [name, value] of copied) browser.cookies.set(name, value);
    const answer = await comeBack(browser, begun);
    expect([errorCodeOf(answer), hasSession(answer)]).toEqual(['provider_answer_refused', false]);
  });

  test('comes too late', async () => {
    const browser = stage.stranger();
    const begun = await begin(browser);
    remember();
    stage.pass(16 * 60_000);
    await unknown(await comeBack(browser, begun));
  });

  test('comes to another biller: the code of one provider never goes to another one', async () => {
    const browser = stage.stranger();
    const { state, nonce } = await begin(browser);
    remember();
    await unknown(await browser.get(callback({ state, code: `code ${nonce}`, iss: other.issuer }, 'lakeside')));
    expect(other.asked['/token'] ?? 0).toBe(0);
  });

  test('comes after the biller got another provider', async () => {
    await stage.addBiller('hilltop', { oidcClientSecret: CLIENT.secret, settings: settingsOf(provider) });
    const browser = stage.stranger();
    const { state, nonce } = await begin(browser, 'hilltop');
    const input = { oidcClientSecret: CLIENT.secret, settings: { oidcIssuer: other.issuer } };
    await stage.installation.operate('biller.update', { slug: 'hilltop', ...input });
    remember();
    await unknown(await browser.get(callback({ state, code: `code ${nonce}` }, 'hilltop')));
  });
});

describe('a provider that', () => {
  const html = (status: number) => (response: import('node:http').ServerResponse) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
  };
  test.each<[string, StrangeProvider['instead'], string, RegExp]>([
    ['fails', { token: html(502) }, 'provider_unavailable', /502/],
    ['answers a page', { token: html(200) }, 'provider_misconfigured', /text\/html/],
    ['hangs up', { token: (response) => response.destroy() }, 'provider_unavailable', /./],
    ['does not know us', { token: json({ error: 'invalid_client' }, 401) }, 'provider_misconfigured', /invalid_client/],
    ['refuses the code', { token: json({ error: 'invalid_grant' }, 400) }, 'provider_answer_refused', /invalid_grant/],
    ['sends no ID token', { token: json({ access_token: 'a', token_type: 'Bearer' }) }, 'provider_answer_refused', /./],
    ['sends far too much', { token: json({ id_token: 'x'.repeat(600_000) }) }, 'provider_misconfigured', /longer/],
    [
      'redirects',
      { token: (response) => response.writeHead(302, { location: '/x' }).end() },
      'provider_misconfigured',
      /302/,
    ],
  ])('%s gets a page with a remedy', async (_what, instead, code, detail) => {
    provider.instead = instead;
    await expectRefused(await signIn(), code, detail);
  });

  test.each<[string, StrangeProvider['instead'], string]>([
    ['is away', { discovery: (response) => response.destroy() }, 'provider_unavailable'],
    ['fails', { discovery: html(503) }, 'provider_unavailable'],
    ['is another address', { discovery: html(404) }, 'provider_misconfigured'],
    ['names another issuer', { discovery: json({ issuer: 'https://evil.example' }) }, 'provider_misconfigured'],
    ['publishes no keys', {}, 'provider_misconfigured'],
  ])('%s at the discovery gets a page, and nobody is sent anywhere', async (what, instead, code) => {
    const strange = await startStrangeProvider();
    const slug = `b-${what.replaceAll(' ', '-')}`;
    await stage.addBiller(slug, { oidcClientSecret: CLIENT.secret, settings: settingsOf(strange) });
    strange.instead =
      what === 'publishes no keys'
        ? { discovery: json({ issuer: strange.issuer, authorization_endpoint: `${strange.issuer}/authorize` }) }
        : instead;
    const answer = await stage.stranger().get(`/login/${slug}`);
    expect([errorCodeOf(answer), answer.body.includes('http-equiv')]).toEqual([code, false]);
    await strange.close();
  });

  test('is away is asked once for all who wait, and again a little later', async () => {
    const strange = await startStrangeProvider();
    await stage.addBiller('away', { oidcClientSecret: CLIENT.secret, settings: settingsOf(strange) });
    strange.instead = { discovery: (response) => response.destroy() };
    const path = '/.well-known/openid-configuration';
    const many = await Promise.all(Array.from({ length: 20 }, () => stage.stranger().get('/login/away')));
    expect(new Set(many.map(errorCodeOf))).toEqual(new Set(['provider_unavailable']));
    expect(strange.asked[path]).toBe(1);
    strange.behave();
    stage.pass(6_000);
    expect(requireLeadsTo(await stage.stranger().get('/login/away')).origin).toBe(strange.issuer);
    // Once known, it may be away for a while: nothing of it is needed to send somebody there.
    strange.instead = { discovery: (response) => response.destroy() };
    stage.pass(2 * 60 * 60_000);
    expect(requireLeadsTo(await stage.stranger().get('/login/away')).origin).toBe(strange.issuer);
    await strange.close();
  });
});

describe('where ForceAuthn asks for a new sign-in', () => {
  async function forced(claims: Record<string, unknown>) {
    provider.claims = claims;
    const browser = stage.stranger();
    const page = await browser.follow(await stage.bring(browser, { attributes: { ForceAuthn: 'true' } }));
    const { searchParams } = requireLeadsTo(page);
    return comeBack(browser, { state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' });
  }
  const now = () => Math.floor(stage.now() / 1000);

  test.each<[string, () => Record<string, unknown>, RegExp]>([
    ['says nothing of when', () => ({}), /found nothing/],
    ['says that it was long ago', () => ({ auth_time: now() - 3600 }), /found one at/],
    ['says that it will be', () => ({ auth_time: now() + 3600 }), /found one at/],
  ])('a provider that %s is not believed, and “Try again” asks again', async (_what, claims, detail) => {
    const answer = await forced(claims());
    await expectRefused(answer, 'provider_sign_in_old', detail);
    expect(answer.body).toContain('again&#61;1');
  });

  test('one that says that it was now is', async () => {
    expect(hasSession(await forced({ auth_time: now() }))).toBe(true);
  });
});

test('“Not you?” and a stronger AuthnContext ask again, and need no auth_time', async () => {
  const browser = stage.stranger();
  const { searchParams } = requireLeadsTo(await browser.get('/login/riverton?again=1'));
  expect(searchParams.get('prompt')).toBe('login');
  const begun = { state: searchParams.get('state') ?? '', nonce: searchParams.get('nonce') ?? '' };
  expect(hasSession(await comeBack(browser, begun))).toBe(true);
});

test('with IsPassive no failure is a page: Invoice Cloud learns that something would have been shown', async () => {
  for (const error of ['access_denied', 'server_error', 'invalid_request']) {
    const browser = stage.stranger();
    const page = await browser.follow(await stage.bring(browser, { attributes: { IsPassive: 'true' } }));
    const { searchParams } = requireLeadsTo(page);
    const state = searchParams.get('state') ?? '';
    const back = await browser.get(callback({ state, error, iss: provider.issuer }));
    expect(statusOf(requirePosted(await browser.follow(back)))).toEqual(['Responder', 'NoPassive']);
  }
});

test('an email that is verified is that of the claim email, and of the same answer', async () => {
  await stage.addBiller('named', {
    oidcClientSecret: CLIENT.secret,
    settings: { ...settingsOf(provider), oidcEmailClaim: 'preferred_username' },
  });
  const at = async (claims: Record<string, unknown>) => {
    provider.claims = claims;
    const browser = stage.stranger();
    const { state, nonce } = await begin(browser, 'named');
    return browser.get(callback({ state, code: `code ${nonce}`, iss: provider.issuer }, 'named'));
  };
  expect(errorCodeOf(await at({ preferred_username: 'ceo@example.com' }))).toBe('email_unverified');
  expect(hasSession(await at({ preferred_username: 'pat@example.com' }))).toBe(true);
  provider.instead = { userinfo: json({ sub: 'pat', email: 'other@example.com', email_verified: true }) };
  await expectRefused(
    await (async () => {
      provider.claims = { email_verified: undefined };
      return signIn();
    })(),
    'email_unverified',
    /nothing/,
  );
});

test('what waits for a sign-in is small, so that cookies never fill the headers', async () => {
  const browser = stage.stranger();
  for (let times = 0; times < 9; times += 1) {
    await browser.get(`/login/riverton?destination=bills&account=${'x'.repeat(2_000)}&viewMode=${'0'.repeat(900)}`);
  }
  const cookies = [...browser.cookies].filter(([name]) => name.startsWith('__Host-openid-'));
  expect(cookies.length).toBeLessThanOrEqual(5);
  for (const [, value] of cookies) expect(value.length).toBeLessThan(800);
});

test('logout tokens and callbacks of one network don’t use up each other’s share', async () => {
  for (let times = 0; times < 700; times += 1) {
    await stage.stranger().post('/login/riverton/backchannel-logout', { logout_token: 'x' });
  }
  expect(hasSession(await signIn())).toBe(true);
});

describe('what changes while a sign-in is under way', () => {
  /** Holds the token endpoint until the change is made. */
  async function during(change: () => Promise<unknown>, slug = 'riverton') {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const browser = stage.stranger();
    const { state, nonce } = await begin(browser, slug);
    provider.beforeToken = async () => {
      reached.resolve();
      await released.promise;
    };
    const answer = browser.get(callback({ state, code: `code ${nonce}`, iss: provider.issuer }, slug));
    await reached.promise;
    provider.beforeToken = undefined;
    await change();
    released.resolve();
    return answer;
  }

  test('another issuer: the person of the one before is not taken down at the new one', async () => {
    await stage.addBiller('moved', { oidcClientSecret: CLIENT.secret, settings: settingsOf(provider) });
    const input = { slug: 'moved', oidcClientSecret: CLIENT.secret, settings: { oidcIssuer: other.issuer } };
    const answer = await during(() => stage.installation.operate('biller.update', input), 'moved');
    expect([errorCodeOf(answer), hasSession(answer)]).toEqual(['flow_unknown', false]);
    expect(await users('moved')).toEqual([]);
  });

  test('the portal removes the person: they are not brought back', async () => {
    const settings = { ...settingsOf(provider), oidcAccountsClaim: null };
    await stage.addBiller('given', { oidcClientSecret: CLIENT.secret, settings });
    const { billers, portalUsers } = stage.installation.services;
    const by = {
      billerId: (await billers.bySlug('given')).id,
      source: 'oidc',
      actor: 'test',
      reference: 'test',
    } as const;
    const accounts = [{ number: '1', role: 'owner' }];
    await portalUsers.put({ id: 'pat', email: 'pat@example.com', accounts }, by);
    const answer = await during(() => portalUsers.remove('pat', by), 'given');
    expect([errorCodeOf(answer), hasSession(answer), await users('given')]).toEqual(['account_missing', false, []]);
  });
});

test.each<[string, Record<string, unknown>]>([
  ['an acr that every object has', { acr: 'constructor' }],
  ['an acr that is no text', { acr: 3 }],
  ['an auth_time that is no time', { auth_time: 9e15 }],
  ['a sid that is no text', { sid: ['a'] }],
  ['a very long sid', { sid: 'x'.repeat(5_000) }],
])('%s is passed over', async (_what, claims) => {
  provider.claims = claims;
  expect(hasSession(await signIn())).toBe(true);
});

test('a clock of the provider that is ahead makes no assertion of tomorrow', async () => {
  provider.claims = { auth_time: Math.floor(stage.now() / 1000) + 3_000 };
  const browser = stage.stranger();
  await comeBack(browser, await begin(browser));
  const { xml } = requirePosted(await stage.bring(browser));
  expect(Date.parse(/AuthnInstant="([^"]+)"/.exec(xml)?.[1] ?? '')).toBeLessThanOrEqual(stage.now());
});

test('claims that the ID token lacks come from the userinfo endpoint, for the same person only', async () => {
  provider.claims = { email: undefined, email_verified: undefined };
  provider.instead = { userinfo: json({ sub: 'pat', email: 'pat@example.org', email_verified: 'true' }) };
  expect(hasSession(await signIn())).toBe(true);
  const [user] = (await stage.installation.operate('user.list', { biller: 'riverton', source: 'oidc' })) as [
    { email: string },
  ];
  expect(user.email).toBe('pat@example.org');
  provider.instead = { userinfo: json({ sub: 'kim', email: 'kim@example.org', email_verified: true }) };
  await expectRefused(await signIn(), 'provider_answer_refused', /./);
});

test('a portal user who was disabled is not signed in', async () => {
  expect(hasSession(await signIn())).toBe(true);
  const pat = { biller: 'riverton', source: 'oidc', externalId: 'pat' };
  await stage.installation.operate('user.disable', pat);
  await expectRefused(await signIn(), 'sign_in_disabled', /disabled/);
  await stage.installation.operate('user.enable', pat);
  expect(hasSession(await signIn())).toBe(true);
});

test.each(['client_secret_basic', 'client_secret_post'])('the client secret goes by %s', async (oidcClientAuth) => {
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { oidcClientAuth } });
  expect(hasSession(await signIn())).toBe(true);
  const { authorization, form } = provider.lastTokenRequest ?? {};
  const isBasic = oidcClientAuth === 'client_secret_basic';
  expect([authorization !== undefined, form?.get('client_secret') ?? null]).toEqual([
    isBasic,
    isBasic ? null : CLIENT.secret,
  ]);
});

test('a stranger who comes back often makes us call the provider so often, and no more', async () => {
  let answer = await signIn({ code: 'guessed' });
  for (let times = 0; times < 1_000 && errorCodeOf(answer) !== 'too_many_requests'; times += 1) {
    answer = await signIn({ code: 'guessed' });
  }
  expect([errorCodeOf(answer), answer.statusCode]).toEqual(['too_many_requests', 429]);
  stage.pass(60_000);
  expect(hasSession(await signIn())).toBe(true);
});
