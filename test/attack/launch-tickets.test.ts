import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { beforeAll, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { launchBody, pathOf } from '../support/api/launch.ts';
import { createPortalApi, type PortalApi, problemIn } from '../support/api/portal-api.ts';
import { createBrowserLike, errorCodeOf, postedBy, requirePosted, textOf } from '../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestConnection } from '../support/postgres/storage.ts';
import { EMAIL, useStage } from '../support/stage.ts';

const PORTAL = 'https://portal.example';
const settings = { portalUrl: `${PORTAL}/home` };
const stage = useStage({ billerInput: { settings } });
let portal: PortalApi;
let other: PortalApi;
beforeAll(async () => {
  await stage.addBiller('lakeside', { settings });
  const add = async (biller: string) => {
    const added = await stage.installation.operate('api-key.add', { biller, role: 'portal' });
    return createPortalApi(stage.installation.server, (added as { key: string }).key);
  };
  [portal, other] = [await add('riverton'), await add('lakeside')];
});
async function launch(over: Record<string, unknown> = {}, by = portal) {
  const { url } = (await by.call('POST', '/api/launches', launchBody(over))).json() as { url: string };
  return pathOf(url);
}
const person = (id: string, email: string) => ({ user: { ...launchBody().user, id, email } });

test('replayed ticket: of many at the same time, one gets a session', async () => {
  const path = await launch();
  const answers = await Promise.all(Array.from({ length: 20 }, () => stage.stranger().get(path)));
  expect(answers.filter(({ headers }) => headers['set-cookie'] !== undefined)).toHaveLength(1);
  expect(answers.filter((answer) => errorCodeOf(answer) === 'launch_used')).toHaveLength(19);
});

test('guessed ticket: none of these is one, and all are audited', async () => {
  const path = await launch();
  const ticket = path.slice('/launch/t/'.length);
  const last = ticket.at(-1) === 'A' ? 'B' : 'A';
  for (const guess of [
    'x',
    ticket.slice(0, -1),
    `${ticket}A`,
    ticket.slice(0, -1) + last,
    randomBytes(32).toString('base64url'),
    `${ticket}%00`,
    `${ticket}%20`,
    ticket.toLowerCase(),
  ]) {
    expect(errorCodeOf(await stage.stranger().get(`/launch/t/${guess}`))).toBe('launch_unknown');
    expect((await stage.audited('launch.ticket_refused')).details).toMatchObject({ reason: 'unknown' });
  }
  expect((await stage.stranger().get(path)).statusCode).toBe(303);
});

test('leaked ticket: after its use another browser gets nothing but the way to the portal', async () => {
  const path = await launch({ refreshUrl: `${PORTAL}/pay` });
  await stage.stranger().get(path);
  const thief = stage.stranger();
  const answer = await thief.get(path);
  expect([answer.headers.location, answer.headers['set-cookie']]).toEqual([`${PORTAL}/pay`, undefined]);
  expect((await stage.bring(thief)).headers.location).toMatch(/^\/login/);
});

test('login CSRF: a foreign website that sends somebody along with its own ticket is asked about first', async () => {
  const victim = await stage.signedIn();
  const path = await launch(person('attacker', 'attacker@example.com'));
  for (const headers of [
    { referer: 'https://evil.example/' },
    {},
    { referer: 'https://portal.example.evil.example/' },
  ]) {
    const page = await victim.get(path, { 'sec-fetch-site': 'cross-site', ...headers });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('attacker@example.com');
    expect([page.headers['set-cookie'], page.headers['referrer-policy']]).toEqual([undefined, 'no-referrer']);
  }
  const ticket = path.slice('/launch/t/'.length);
  const forms = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://evil.example', referer: PORTAL },
  ];
  for (const headers of forms) {
    const page = await victim.post('/launch/t', { ticket }, { 'sec-fetch-site': 'cross-site', ...headers });
    expect([page.statusCode, page.headers['set-cookie']]).toEqual([200, undefined]);
  }
  expect(textOf(requirePosted(await stage.bring(victim)).root, 'NameID')).toBe(EMAIL);
  // Whoever agrees goes on.
  const agreed = await victim.post('/launch/t', { ticket }, { 'sec-fetch-site': 'same-origin' });
  expect(agreed.statusCode).toBe(303);
});

test('session fixation: a session that the browser brings along is not taken over', async () => {
  const fixed = randomBytes(32).toString('base64url');
  const name = '__Host-session-riverton';
  const browser = createBrowserLike(stage.installation.server, new Map([[name, fixed]]));
  await browser.get(await launch());
  expect(browser.cookies.get(name)).not.toBe(fixed);
  const attacker = createBrowserLike(stage.installation.server, new Map([[name, fixed]]));
  expect(postedBy(await stage.bring(attacker))).toBeUndefined();
});

test('open redirect: an origin that was registered when the launch was made, and is not any more', async () => {
  const path = await launch({ ...person('moved', EMAIL), refreshUrl: `${PORTAL}/pay`, returnUrl: `${PORTAL}/bills` });
  await stage.stranger().get(path);
  await stage.installation.operate('biller.update', {
    slug: 'riverton',
    settings: { portalUrl: 'https://new.example' },
  });
  const page = await stage.stranger().get(path);
  expect([page.statusCode, errorCodeOf(page)]).toEqual([410, 'launch_used']);
  expect(page.body).not.toContain(PORTAL);
  expect(page.body).toContain('https://new.example');
  await stage.installation.operate('biller.update', { slug: 'riverton', settings });
});

test('account not in the list: a launch for somebody else’s account is refused', async () => {
  const answer = await portal.call('POST', '/api/launches', launchBody({ account: '101Invoice' }));
  expect(problemIn(answer)).toMatchObject({ status: 422, code: 'account_not_listed' });
});

test('the API key of one biller opens nothing at another: its launches sign on there and nowhere else', async () => {
  const browser = stage.stranger();
  await browser.get(await launch(person('same-id', 'lakeside@example.com'), other));
  expect(browser.cookies.has('__Host-session-lakeside')).toBe(true);
  expect((await stage.bring(browser, {}, undefined, 'riverton')).headers.location).toMatch(/^\/login\/riverton/);
  expect(problemIn(await portal.call('GET', '/api/users/same-id')).status).toBe(404);
  const moved = new Map([['__Host-session-riverton', browser.cookies.get('__Host-session-lakeside') ?? '']]);
  const elsewhere = createBrowserLike(stage.installation.server, moved);
  expect((await stage.bring(elsewhere)).headers.location).toMatch(/^\/login/);
});

test('the email of a directory user in a launch gives none of that user’s accounts', async () => {
  const browser = stage.stranger();
  await browser.get(await launch(person('impostor', EMAIL)));
  const { xml } = requirePosted(await stage.bring(browser));
  expect(xml).toContain('501Invoice');
  expect(xml).not.toContain('101Invoice');
  const byPassword = await stage.signedIn('riverton', EMAIL);
  expect(requirePosted(await stage.bring(byPassword)).xml).toContain('101Invoice');
});

test('two instances race for one ticket: one wins', async () => {
  const storage = await createTestStorage('postgresql');
  const instances = [await storage.open(), await storage.open()];
  const servers = await Promise.all(
    instances.map(({ services }) => createServer(services, { logger: pino({ level: 'silent' }), settings: {} })),
  );
  try {
    const operate = (name: string, input: unknown) =>
      runNamed((instances[0] as TestConnection).services, name, input, actorWithEveryRole('test'));
    const biller = { slug: 'riverton', name: 'Riverton', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    await operate('biller.add', { ...biller, entityId: TEST_SP, acs: [TEST_ACS] });
    const { key } = (await operate('api-key.add', { biller: 'riverton', role: 'portal' })) as { key: string };
    const api = createPortalApi(servers[0] as FastifyInstance, key);
    for (let round = 0; round < 10; round += 1) {
      const { url } = (await api.call('POST', '/api/launches', launchBody())).json() as { url: string };
      const answers = await Promise.all(servers.map((server) => createBrowserLike(server).get(pathOf(url))));
      expect(answers.filter(({ statusCode }) => statusCode === 303)).toHaveLength(1);
    }
  } finally {
    for (const server of servers) await server.close();
    for (const instance of instances) await instance.close();
    await storage.remove();
  }
});
