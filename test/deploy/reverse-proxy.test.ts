import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { RequestOptions } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { assertionIdIn, createPortalClient, type PortalClient } from '../support/browser/portal-client.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestStorage } from '../support/postgres/storage.ts';
import { ofCheckout } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';
import { authnRequest, redirectQuery, signedQuery } from '../support/saml/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../support/saml/saml.ts';
import { EMAIL, PASSWORD } from '../support/stage.ts';
import { HOST, type ReverseProxy, startProxy } from './reverse-proxy.ts';

/** Where the clients of these tests connect from; the proxy connects to the service from 127.0.0.1. */
const CLIENT = '127.0.0.9';
const FORGED = '203.0.113.7';
const ECDSA = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256';

let storage: TestStorage;
let service: ServiceProcess;
let spKey: SigningKey;

beforeAll(async () => {
  storage = await createTestStorage();
  spKey = await makeSigningKey('EC-P256');
  await operate('biller.add', {
    slug: 'riverton',
    name: 'Riverton Water',
    billerGuid: crypto.randomUUID(),
    entityId: TEST_SP,
    acs: [TEST_ACS],
    spCertificates: [spKey.certificatePem],
  });
  await operate('user.add', { biller: 'riverton', email: EMAIL, password: PASSWORD, accounts: ['101Invoice:owner'] });
  const settings = { PUBLIC_URL: `https://${HOST}`, TRUST_PROXY: '127.0.0.1' };
  service = await startService({ ...storage.environment, ...settings }, storage.folder);
});
afterAll(async () => {
  await endService(service);
  await storage.remove();
});

async function operate(name: string, input: unknown): Promise<unknown> {
  const { services, close } = await storage.open();
  try {
    return await runNamed(services, name, input, actorWithEveryRole('test'));
  } finally {
    await close();
  }
}

/** The addresses that clients of this name fetched metadata from, as the service has recorded them. */
async function fetchersNamed(client: string): Promise<string[]> {
  const { database, close } = await storage.open();
  try {
    const query = { name: 'fetchers', text: 'select address from metadata_fetches where starts_with(client, $1)' };
    return (await database.query<{ address: string }>(query, [client])).map(({ address }) => address);
  } finally {
    await close();
  }
}

describe.each(['nginx', 'caddy'] as const)('%s in front of the service, with the file in deploy/', (name) => {
  let proxy: ReverseProxy;
  let client: PortalClient;
  const clientWith = (options: RequestOptions = {}) => {
    const headers = { host: HOST, ...options.headers };
    return createPortalClient(proxy.url, { ca: proxy.certificate, servername: HOST, localAddress: CLIENT, headers });
  };

  beforeAll(async () => {
    proxy = await startProxy(name, service.port);
    client = clientWith();
  });
  afterAll(async () => {
    client?.close();
    await proxy?.stop();
  });

  test('forwards a whole sign-on', async () => {
    await client.signIn('riverton', EMAIL, PASSWORD);
    expect([...client.cookies.keys()].every((cookie) => cookie.startsWith('__Host-'))).toBe(true);
    const answer = await client.signOn('riverton', TEST_SP);
    expect(answer.status).toBe(200);
    expect(assertionIdIn(answer.body)).toMatch(/^_/);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  test('forwards a signed query byte for byte', async () => {
    const xml = authnRequest({ attributes: { Destination: `https://${HOST}/saml/riverton/sso` } });
    // Escapes that a proxy which writes the query anew would change.
    const query = redirectQuery(xml, 'a/b~(;)').replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    const answer = await client.get(`/saml/riverton/sso?${signedQuery(query, spKey, ECDSA)}`);
    expect(assertionIdIn(answer.body)).toMatch(/^_/);
  });

  test('names the client by its own address, whatever the client says', async () => {
    const agent = `${name}-${crypto.randomUUID()}`;
    for (const forged of [FORGED, `${FORGED}, 127.0.0.1`, `127.0.0.1`, `${FORGED}:443`]) {
      const headers = { 'x-forwarded-for': forged, forwarded: `for=${forged}`, 'x-real-ip': forged };
      const liar = clientWith({ headers: { ...headers, 'user-agent': `${agent} ${forged}` } });
      expect((await liar.get('/saml/riverton/metadata')).status).toBe(200);
      liar.close();
    }
    await expect.poll(() => fetchersNamed(agent), { timeout: 30_000 }).toEqual([CLIENT, CLIENT, CLIENT, CLIENT]);
  });

  test.each(['/metrics', '/metrics?a', '/%6detrics', '//metrics', '/metrics/', '/health/ready', '/health/live'])(
    'does not forward %s',
    async (path) => {
      const { status, body } = await client.get(`${proxy.url}${path}`);
      expect(status).toBe(404);
      expect(body).not.toMatch(/ic_idp_|"status"/);
    },
  );

  test('takes a body as large as the service takes, and none beyond', async () => {
    const kilobytes = (count: number) => ({ SAMLRequest: 'A'.repeat(count * 1024) });
    expect((await client.post('/saml/riverton/sso', kilobytes(2_040))).status).toBe(400);
    // Caddy 2.6 answers 502.
    expect([413, 502]).toContain((await client.post('/saml/riverton/sso', kilobytes(2_100))).status);
  });

  test('speaks HTTP/2, and redirects plain http', async () => {
    const session = connect(proxy.url, { ca: proxy.certificate, servername: HOST });
    await once(session, 'connect');
    expect(session.alpnProtocol).toBe('h2');
    session.destroy();
    const plain = createPortalClient(`http://127.0.0.1:${proxy.plainPort}`, { headers: { host: HOST } });
    const { status, headers } = await plain.get('/saml/riverton/sso?a=%2f');
    expect([301, 308]).toContain(status);
    expect(headers.location).toBe(`https://${HOST}/saml/riverton/sso?a=%2f`);
    plain.close();
  });
});

test('nginx limits the requests of one address, and leaves the others alone', async () => {
  const proxy = await startProxy('nginx', service.port);
  const from = (localAddress: string) =>
    createPortalClient(proxy.url, { ca: proxy.certificate, servername: HOST, localAddress, headers: { host: HOST } });
  const [flood, other] = [from(CLIENT), from('127.0.0.10')];
  try {
    const answers = await Promise.all(Array.from({ length: 400 }, () => flood.get('/saml/riverton/metadata')));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(100);
    expect((await other.get('/saml/riverton/metadata')).status).toBe(200);
    // A portal's back end makes all its calls from one address: the service counts them by their keys.
    const calls = await Promise.all(Array.from({ length: 200 }, () => other.get('/api/openapi.json')));
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([200]));
  } finally {
    for (const client of [flood, other]) client.close();
    await proxy.stop();
  }
});

test('caddy takes its file without a change', () => {
  const env = { PATH: process.env.PATH, HOME: storage.folder };
  const args = ['validate', '--config', ofCheckout('deploy/caddy/Caddyfile'), '--adapter', 'caddyfile'];
  const { status, stderr } = spawnSync('caddy', args, { encoding: 'utf8', env });
  expect({ status, warnings: stderr.match(/"level":"(warn|error)".*/g) }, stderr).toEqual({
    status: 0,
    warnings: null,
  });
});
