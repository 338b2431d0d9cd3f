import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../../src/admin/operations/run.ts';
import { createServer } from '../../../../src/endpoints/server.ts';
import { createBrowserLike } from '../../../support/browser/browser-like.ts';
import { requireLeadsTo } from '../../../support/openid/journey.ts';
import { CLIENT, type StrangeProvider, startStrangeProvider } from '../../../support/openid/strange-provider.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../../support/postgres/storage.ts';

describe.each(['postgresql', 'embedded'] as const)('two instances on %s', (kind) => {
  let storage: TestStorage;
  let provider: StrangeProvider;
  const connections: TestConnection[] = [];
  const servers: FastifyInstance[] = [];
  beforeAll(async () => {
    provider = await startStrangeProvider();
    storage = await createTestStorage(kind);
    for (let instance = 0; instance < 2; instance += 1) {
      const connection = await storage.open();
      connections.push(connection);
      servers.push(await createServer(connection.services, { logger: pino({ level: 'silent' }), settings: {} }));
    }
    const [one] = connections;
    if (one === undefined) throw new Error('no instance is running');
    const biller = { slug: 'riverton', name: 'Riverton', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    const settings = {
      signIn: 'oidc',
      oidcIssuer: provider.issuer,
      oidcClientId: CLIENT.id,
      oidcAccountsClaim: 'accounts',
    };
    const sp = { entityId: 'https://sp.example/metadata', acs: ['https://sp.example/acs'] };
    const input = { ...biller, ...sp, oidcClientSecret: CLIENT.secret, settings };
    await runNamed(one.services, 'biller.add', input, actorWithEveryRole('test'));
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    for (const connection of connections) await connection.close();
    await storage?.remove();
    await provider?.close();
  });
  afterEach(() => provider.behave());

  test('one begins a sign-in and the other ends it; one begins a session and the other is told that it has ended', async () => {
    const [first, second] = servers as [FastifyInstance, FastifyInstance];
    const one = createBrowserLike(first);
    const other = createBrowserLike(second, one.cookies);
    const { searchParams } = requireLeadsTo(await one.get('/login/riverton'));
    const state = searchParams.get('state') ?? '';
    const back = new URLSearchParams({ state, code: `code ${searchParams.get('nonce')}`, iss: provider.issuer });
    provider.claims = { sid: 'session-1' };
    expect((await other.get(`/login/riverton/callback?${back}`)).statusCode).toBe(303);
    expect((await one.get('/login/riverton')).body).toContain('pat@example.com');

    const seconds = Math.floor(Date.now() / 1000);
    const token = await provider.sign({
      iss: provider.issuer,
      aud: CLIENT.id,
      iat: seconds,
      exp: seconds + 60,
      jti: '1',
      sid: 'session-1',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    const told = await createBrowserLike(second).post('/login/riverton/backchannel-logout', { logout_token: token });
    expect(told.statusCode).toBe(200);
    expect(requireLeadsTo(await one.get('/login/riverton')).origin).toBe(provider.issuer);
  });
});
