import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServer } from '../../src/endpoints/server.ts';
import {
  type BrowserLike,
  createBrowserLike,
  errorCodeOf,
  postedBy,
  requirePosted,
} from '../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';
import { authnRequest, postFields, redirectQuery } from '../support/saml/authn-request.ts';

const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const SSO = '/saml/riverton/sso';

/** Two instances behind one address; a request may reach either. */
let storage: TestStorage;
const connections: TestConnection[] = [];
const servers: FastifyInstance[] = [];
const operate = (name: string, input: unknown) => {
  const [one] = connections;
  if (one === undefined) throw new Error('no instance is running');
  return runNamed(one.services, name, input, actorWithEveryRole('test'));
};
beforeAll(async () => {
  storage = await createTestStorage('postgresql');
  for (let instance = 0; instance < 2; instance += 1) {
    const connection = await storage.open();
    connections.push(connection);
    const settings = { TRUST_PROXY: 'loopback' };
    servers.push(await createServer(connection.services, { logger: pino({ level: 'silent' }), settings }));
  }
  const billerGuid = crypto.randomUUID();
  const biller = { slug: 'riverton', name: 'Riverton', billerGuid, entityId: TEST_SP, acs: [TEST_ACS] };
  await operate('biller.add', { ...biller, keyType: 'EC-P256' });
  const user = { biller: 'riverton', email: EMAIL, password: PASSWORD };
  await operate('user.add', { ...user, accounts: ['101Invoice', '202Invoice'] });
});
afterAll(async () => {
  for (const server of servers) await server.close();
  for (const connection of connections) await connection.close();
  await storage.remove();
});

/** One browser, as it reaches the first instance and as it reaches the second: the cookies are the same. */
function createBrowsers(): [BrowserLike, BrowserLike] {
  const [first, second] = servers;
  if (first === undefined || second === undefined) throw new Error('no instances are running');
  const one = createBrowserLike(first);
  return [one, createBrowserLike(second, one.cookies)];
}
const flowIn = (text: unknown) => /flow(?:=|" value=")([\w-]+)/.exec(String(text))?.[1] ?? '';

test('every step of a sign-on may reach a different instance', async () => {
  const [one, other] = createBrowsers();
  const parked = await one.post(SSO, postFields(authnRequest(), 'state'));
  const login = await other.follow(parked);
  const signedIn = await one.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow: flowIn(login.body) });
  const choice = await other.get(String(signedIn.headers.location));
  const posted = requirePosted(await one.post(SSO, { flow: flowIn(choice.body), account: '202Invoice' }));
  expect(posted.relayState).toBe('state');
  expect(posted.xml).toContain('>202Invoice<');
  // A flow finished on one instance is finished on the other.
  const late = await other.get(String(signedIn.headers.location));
  expect(late.headers.location).toBe('/login/riverton?notice=answered');
});

test('a launch on one instance selects the account for one sign-on on the other', async () => {
  const [one, other] = createBrowsers();
  await one.signIn('riverton', EMAIL, PASSWORD);
  expect((await one.get('/launch/riverton/bills?account=202Invoice')).statusCode).toBe(303);
  const { xml } = requirePosted(await other.get(`${SSO}?${redirectQuery(authnRequest())}`));
  expect(xml).toContain('>202Invoice<');
  expect((await one.get(`${SSO}?${redirectQuery(authnRequest())}`)).headers.location).toMatch(/flow=/);
});

test('a request that reaches both instances at the same time is answered by only one', {
  meta: { holds: ['IDP-064'], source: 'project rule' },
}, async () => {
  const [one, other] = createBrowsers();
  await one.signIn('riverton', EMAIL, PASSWORD);
  const flows: string[] = [];
  for (const browser of [one, other]) {
    const asked = await browser.get(`${SSO}?${redirectQuery(authnRequest({ attributes: { ID: '_the-same' } }))}`);
    flows.push(flowIn(asked.headers.location));
  }
  const answers = await Promise.all(
    [one, other].map((browser, turn) => browser.post(SSO, { flow: flows[turn] ?? '', account: '101Invoice' })),
  );
  expect(answers.filter((answer) => postedBy(answer) !== undefined)).toHaveLength(1);
  expect(answers.filter((answer) => errorCodeOf(answer) === 'request_replayed')).toHaveLength(1);
});

test('a portal user who signs out or is disabled on one instance is signed out on all', async () => {
  const [one, other] = createBrowsers();
  const disable = (disabled: boolean) => operate('user.update', { biller: 'riverton', email: EMAIL, disabled });
  for (const end of [() => one.post('/logout', { biller: 'riverton' }), () => disable(true)]) {
    await one.signIn('riverton', EMAIL, PASSWORD);
    const session = one.cookies.get('__Host-session-riverton') ?? '';
    const isIn = async () => {
      other.cookies.set('__Host-session-riverton', session);
      return (await other.get('/login/riverton')).body.includes('Sign out');
    };
    expect(await isIn()).toBe(true);
    await end();
    expect(await isIn()).toBe(false);
  }
  await disable(false);
});

test('all instances count sign-in attempts together', async () => {
  const [one, other] = createBrowsers();
  const attempt = (browser: BrowserLike, turn: number, password: string) =>
    browser.post('/login/riverton', { email: EMAIL, password }, { 'x-forwarded-for': `192.0.2.${turn}` });
  const statuses: number[] = [];
  for (let turn = 0; turn < 11; turn += 1) {
    statuses.push((await attempt(turn % 2 === 0 ? one : other, turn, 'not the password')).statusCode);
  }
  expect(statuses).toEqual([...Array(10).fill(401), 429]);
  for (const browser of [one, other]) expect((await attempt(browser, 99, PASSWORD)).statusCode).toBe(429);
});
