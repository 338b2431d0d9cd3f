import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPortal } from '../../../sandbox/portal/app.ts';
import type { PortalUser } from '../../../sandbox/portal/users.ts';

const PORTAL = 'http://127.0.0.1:4100';
const KEY = `icidp_0123456789ab_${'k'.repeat(43)}`;
const grace: PortalUser = {
  id: 'u-1',
  name: 'Grace',
  email: 'grace@example.com',
  accounts: [
    { number: '101Invoice', role: 'owner' },
    { number: '202Invoice', role: 'owner' },
  ],
};
const TICKET = 'http://localhost:3000/launch/t/a-ticket';
const problem = { code: 'api_key_refused', detail: 'the key is revoked', reference: 'one-two-three' };
const json = (status: number, body: unknown) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** Plays the API: it answers as told, which the real one can't be made to do. */
let answer = json(201, { id: 'launch_1', url: TICKET, expiresAt: '2026-01-01T00:00:00Z' });
const asked: { headers: IncomingMessage['headers']; body: Record<string, unknown> }[] = [];
const logged: string[] = [];
const api = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += String(part);
  asked.push({ headers: request.headers, body: JSON.parse(body) });
  answer(response);
});
let portal: FastifyInstance;
beforeAll(async () => {
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
  const users = {
    byId: (id: string) => (id === grace.id ? grace : undefined),
    signIn: (email: string, password: string) => (email === grace.email && password === 'right' ? grace : undefined),
  };
  portal = await createPortal({
    publicUrl: PORTAL,
    idp: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    invoiceCloud: ['http://127.0.0.1:4000'],
    apiKey: KEY,
    users,
    log: (line) => logged.push(line),
  });
});
afterAll(async () => {
  await portal.close();
  api.close();
});
afterEach(() => {
  answer = json(201, { id: 'launch_1', url: TICKET, expiresAt: '2026-01-01T00:00:00Z' });
  asked.length = 0;
  logged.length = 0;
});

const OWN = { 'sec-fetch-site': 'same-origin', origin: PORTAL };
const post = (url: string, fields: Record<string, string>, cookie = '', headers: Record<string, string> = OWN) =>
  portal.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...headers },
    payload: new URLSearchParams(fields).toString(),
  });
const get = (url: string, cookie = '') => portal.inject({ url, headers: { cookie } });
async function signIn(): Promise<string> {
  const { cookies, statusCode } = await post('/sign-in', { email: grace.email, password: 'right' });
  expect(statusCode).toBe(303);
  return cookies
    .filter(({ value }) => value !== '')
    .map(({ name, value }) => `${name}=${value}`)
    .join('; ');
}

test('a click asks for a launch of who is signed in, and leads to its address', async () => {
  const cookie = await signIn();
  const paid = await post('/pay', { destination: 'autopay', account: '101Invoice' }, cookie);
  expect([paid.statusCode, paid.headers.location, paid.headers['cache-control']]).toEqual([303, TICKET, 'no-store']);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(asked[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  expect(asked[0]?.body).toEqual({
    user: { id: grace.id, email: grace.email, accounts: grace.accounts },
    account: '101Invoice',
    destination: 'autopay',
    viewMode: 0,
    returnUrl: `${PORTAL}/`,
    refreshUrl: `${PORTAL}/again/autopay?account=101Invoice`,
  });
});

test('the account is the one that was chosen, and only one of the user’s own', async () => {
  const cookie = await signIn();
  await post('/account', { account: '202Invoice' }, cookie);
  await post('/account', { account: '999Invoice' }, cookie);
  expect((await get('/', cookie)).body).toContain('Account 202Invoice');
  // A page that was open before is about another account.
  await post('/pay', { destination: 'bills', account: '101Invoice' }, cookie);
  expect(asked[0]?.body.account).toBe('101Invoice');
  await post('/pay', { destination: 'bills', account: '999Invoice' }, cookie);
  await post('/pay', { destination: 'bills' }, cookie);
  for (const path of [
    '/again/bills?account=999Invoice',
    '/frame/bills?account=999Invoice',
    '/show/bills?account=999Invoice',
    '/again/bills',
  ]) {
    expect((await get(path, cookie)).headers.location).toBe('/');
  }
  expect(asked).toHaveLength(1);
});

test('an iframe begins at the portal, which asks for a launch inside a frame', async () => {
  const cookie = await signIn();
  const page = await get('/show/paperless?account=101Invoice', cookie);
  expect(page.body.replaceAll('&#61;', '=')).toContain('src="/frame/paperless?account=101Invoice"');
  expect(page.headers['content-security-policy']).toMatch(
    /frame-src 'self' http:\/\/127\.0\.0\.1:\d+ http:\/\/127\.0\.0\.1:4000;/,
  );
  expect((await get('/frame/paperless?account=101Invoice', cookie)).headers.location).toBe(TICKET);
  expect(asked[0]?.body).toMatchObject({ viewMode: 1, refreshUrl: `${PORTAL}/frame/paperless?account=101Invoice` });
});

test('a link to the frame itself leads to the page around it', async () => {
  const cookie = await signIn();
  const headers = { cookie, 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' };
  const answer = await portal.inject({ url: '/frame/bills?account=101Invoice', headers });
  expect([answer.headers.location, asked.length]).toEqual(['/show/bills?account=101Invoice', 0]);
});

test('nobody who is not signed in gets anywhere', async () => {
  for (const path of ['/show/bills', '/again/bills?account=101Invoice']) {
    expect((await get(path)).headers.location).toBe('/');
  }
  const framed = await get('/frame/bills?account=101Invoice');
  expect([framed.statusCode, framed.body.includes('target="_top"')]).toEqual([401, true]);
  expect(framed.headers['content-security-policy']).toContain("frame-ancestors 'self'");
  expect((await post('/pay', { destination: 'bills' })).headers.location).toBe('/');
  expect(asked).toEqual([]);
  const cookie = await signIn();
  await post('/sign-out', {}, cookie);
  expect((await post('/pay', { destination: 'bills' }, cookie)).headers.location).toBe('/');
  expect(asked).toEqual([]);
});

test.each(['/sign-in', '/sign-out', '/account', '/pay'])('a form of another website at %s is refused', async (path) => {
  const cookie = await signIn();
  const foreign = await post(path, { destination: 'bills' }, cookie, {
    'sec-fetch-site': 'cross-site',
    origin: 'https://evil.example',
  });
  expect([foreign.statusCode, asked.length]).toEqual([403, 0]);
});

test('a wrong password is said, without which part was wrong', async () => {
  const failed = await post('/sign-in', { email: '"><script>', password: 'wrong' });
  expect(failed.statusCode).toBe(401);
  expect(failed.body).toContain('The email address or the password is not right');
  expect(failed.body).not.toContain('<script>');
});

describe('when there is no address', () => {
  test.each<[string, (response: ServerResponse) => void, number, boolean]>([
    ['the key is refused', json(401, problem), 500, false],
    ['the request is wrong', json(422, problem), 500, false],
    ['there are too many calls', json(429, problem), 503, true],
    ['the service can’t answer', json(503, problem), 503, true],
    [
      'something in between answers a page',
      (response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
      503,
      true,
    ],
    ['the connection breaks', (response) => response.destroy(), 503, true],
    ['the answer has no address', json(201, { id: 'launch_1' }), 500, false],
  ])('because %s, the user gets a page, and the log the reason', async (_what, said, status, mayTryAgain) => {
    answer = said;
    const cookie = await signIn();
    const page = await post('/pay', { destination: 'bills', account: '101Invoice' }, cookie);
    expect(page.statusCode).toBe(status);
    expect(page.body).toContain('can’t be shown right now');
    expect(page.body.includes('Try again')).toBe(mayTryAgain);
    expect(page.body).not.toContain('revoked');
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain(KEY);
    if (page.body.includes('reference'))
      expect([page.body, logged[0]].every((text) => text?.includes('one-two-three'))).toBe(true);
  });
});
