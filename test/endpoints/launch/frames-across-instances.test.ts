import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { createServer } from '../../../src/endpoints/server.ts';
import { launchBody, pathOf } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import { type BrowserLike, createBrowserLike, requirePosted } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';
import { authnRequest, postFields, redirectQuery } from '../../support/saml/authn-request.ts';

const PORTAL = 'https://portal.example';
const FRAME = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', referer: `${PORTAL}/` };
const OWN = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' };

describe.each(['postgresql', 'embedded'] as const)('two instances on %s', (kind) => {
  let storage: TestStorage;
  const connections: TestConnection[] = [];
  const servers: FastifyInstance[] = [];
  let portals: PortalApi[];
  beforeAll(async () => {
    storage = await createTestStorage(kind);
    for (let instance = 0; instance < 2; instance += 1) {
      const connection = await storage.open();
      connections.push(connection);
      servers.push(await createServer(connection.services, { logger: pino({ level: 'silent' }), settings: {} }));
    }
    const [one] = connections;
    if (one === undefined) throw new Error('no instance is running');
    const operate = (name: string, input: unknown) => runNamed(one.services, name, input, actorWithEveryRole('test'));
    const biller = { slug: 'riverton', name: 'Riverton', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    const sp = { entityId: TEST_SP, acs: [TEST_ACS] };
    await operate('biller.add', { ...biller, ...sp, settings: { portalUrl: `${PORTAL}/` } });
    const { key } = (await operate('api-key.add', { biller: 'riverton', role: 'portal' })) as { key: string };
    portals = servers.map((server) => createPortalApi(server, key));
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    for (const connection of connections) await connection.close();
    await storage?.remove();
  });

  /** One browser, as it reaches each instance: the cookies are the same. */
  function browsers(): [BrowserLike, BrowserLike] {
    const [first, second] = servers as [FastifyInstance, FastifyInstance];
    const one = createBrowserLike(first);
    return [one, createBrowserLike(second, one.cookies)];
  }
  const accounts = ['501Invoice', '502Invoice'].map((number) => ({ number, role: 'owner' }));
  const ask = async (at: number, over: Record<string, unknown>) => {
    const user = { id: `u-${kind}`, email: 'framed@example.com', accounts };
    const answer = await (portals[at] as PortalApi).call(
      'POST',
      '/api/launches',
      launchBody({ user, viewMode: 1, ...over }),
    );
    return pathOf((answer.json() as { url: string }).url).slice('/launch/t/'.length);
  };
  const bring = (browser: BrowserLike) => browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`, FRAME);

  test('each step of a frame may reach another one, by both bindings', async () => {
    const [one, other] = browsers();
    const ticket = await ask(0, { account: '501Invoice' });
    expect((await other.get(`/launch/t/${ticket}`, FRAME)).statusCode).toBe(200);
    expect((await one.post('/launch/t', { ticket, checked: '1' }, OWN)).statusCode).toBe(303);
    expect(requirePosted(await bring(other)).xml).toContain('>501Invoice<');
    const posted = await one.post('/saml/riverton/sso', postFields(authnRequest()), FRAME);
    expect(requirePosted(posted).xml).toContain('>501Invoice<');
  });

  test('two frames with two accounts take turns across instances', async () => {
    const [one, other] = browsers();
    const [first, second] = [await ask(0, { account: '501Invoice' }), await ask(1, { account: '502Invoice' })];
    await one.get(`/launch/t/${first}`, FRAME);
    await other.get(`/launch/t/${second}`, FRAME);
    await one.post('/launch/t', { ticket: first, checked: '1' }, OWN);
    const waits = other.post('/launch/t', { ticket: second, checked: '1' }, OWN);
    expect(requirePosted(await bring(other)).xml).toContain('>501Invoice<');
    expect((await waits).statusCode).toBe(303);
    expect(requirePosted(await bring(one)).xml).toContain('>502Invoice<');
  });

  test('a ticket that both get at the same moment works once', async () => {
    const [one, other] = browsers();
    const ticket = await ask(1, { account: '501Invoice', viewMode: 0 });
    const answers = await Promise.all([one, other].map((browser) => browser.get(`/launch/t/${ticket}`)));
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([303, 410]);
  });
});
