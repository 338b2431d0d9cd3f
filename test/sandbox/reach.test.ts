/** Nobody can use the onboarding form to look around on the machine and in the network of the sandbox. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox } from '../../sandbox/app.ts';
import { isPublicAddress, publicLookup } from '../../sandbox/http/public-address.ts';
import { fetchMetadata } from '../../sandbox/saml/fetch-metadata.ts';
import { freePort } from '../support/programs/free-port.ts';
import { onboard, publicUrl, sharedKey } from './support.ts';
import { startTestIdp, type TestIdp } from './test-idp.ts';

let app: FastifyInstance;
let idp: TestIdp;
/** Something else that listens on this machine, and how many connections it got. */
let other: Server;
let port: number;
let connections = 0;

beforeAll(async () => {
  idp = await startTestIdp(sharedKey);
  idp.publish({ body: idp.metadataWith(sharedKey) });
  app = await createSandbox({ publicUrl, idpOrigins: [new URL(idp.metadataUrl).origin] });
  port = await freePort();
  other = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(port, '::');
});
beforeEach(() => {
  connections = 0;
});
afterAll(async () => {
  await app.close();
  await idp.close();
  other.close();
});

const save = (metadataUrl: string) => onboard(app, { billerGuid: randomUUID(), metadataUrl });

describe('metadata is not fetched from', () => {
  test.each([
    (at: number) => `http://127.0.0.1:${at}/`,
    (at: number) => `https://127.0.0.1:${at}/`,
    (at: number) => `https://localhost:${at}/`,
    (at: number) => `http://localhost:${at}/`,
    (at: number) => `https://[::1]:${at}/`,
    (at: number) => `https://[::ffff:127.0.0.1]:${at}/`,
    (at: number) => `https://2130706433:${at}/`,
    (at: number) => `https://0:${at}/`,
  ])('%s on this machine, with one answer for open and closed ports', async (url) => {
    const answers = [];
    for (const at of [port, await freePort()]) {
      const { status, json } = await save(url(at));
      answers.push([status, String(json.error).replaceAll(`:${at}`, ':<port>')]);
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.[1]).toContain('it must be metadata at an https URL of a public address');
    expect(connections).toBe(0);
  });

  test.each(['http://127.0.0.1', 'http://[::1]', 'https://localhost', 'https://10.0.0.1'])(
    'another origin of the Identity Provider’s host: %s',
    async (origin) => {
      const { status } = await save(idp.metadataUrl.replace(new URL(idp.metadataUrl).origin, origin));
      expect(status).toBe(400);
    },
  );

  test('where the Identity Provider redirects to', async () => {
    idp.publish({ status: 302, location: `http://127.0.0.1:${port}/`, body: '' });
    expect((await save(idp.metadataUrl)).status).toBe(400);
    expect(connections).toBe(0);
    idp.publish({ body: idp.metadataWith(sharedKey) });
    expect((await save(idp.metadataUrl)).status).toBe(200);
  });

  test.each([
    ['a private address', ['10.1.2.3']],
    ['this machine', ['::1']],
    ['public and private ones', ['93.184.216.34', '127.0.0.1']],
  ])('a host whose name leads to %s', async (_where, addresses) => {
    const names: string[] = [];
    const lookup = publicLookup((hostname, _options, callback) => {
      names.push(hostname);
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    });
    const url = `https://metadata.example:${port}/`;
    const failure = await fetchMetadata(url, { idpOrigins: [], lookup }).catch((error: Error) => error.message);
    expect(failure).toContain('it must be metadata at an https URL of a public address');
    expect([names, connections]).toEqual([['metadata.example'], 0]);
  });
});

test('public are only the addresses of the internet', () => {
  const publicOnes = ['93.184.216.34', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:2800:220:1::1', '2a00::1'];
  const others = ['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.9.9.9', '169.254.169.254', '172.16.0.1'];
  others.push('172.31.255.255', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', 'localhost', '');
  others.push(
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  );
  others.push('fe80::1%eth0', '2001:0:7f00:1::', '2001:db8::1');
  expect(publicOnes.filter((address) => !isPublicAddress(address))).toEqual([]);
  expect(others.filter(isPublicAddress)).toEqual([]);
});

describe('a form is taken from', () => {
  const post = async (url: string, headers: Record<string, string>) =>
    (await app.inject({ method: 'POST', url, headers })).statusCode;
  test.each([
    ['a page of this origin', { 'sec-fetch-site': 'same-origin', origin: publicUrl }, true],
    ['a person who types the address', { 'sec-fetch-site': 'none' }, true],
    ['an old browser, on this origin', { origin: publicUrl }, true],
    ['a program', {}, true],
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
    ['another port of this host', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:3000' }, false],
    ['a same-site page without an origin', { 'sec-fetch-site': 'same-site' }, false],
    ['an old browser, on another origin', { origin: 'http://127.0.0.1:3000' }, false],
    ['a sandboxed frame', { origin: 'null' }, false],
    ['a foreign name that leads here', { 'sec-fetch-site': 'same-origin', origin: 'http://evil.example:4999' }, false],
  ])('%s: %j', async (_who, headers, taken) => {
    // The empty form and the missing session are refused for what they are, once the origin is accepted.
    expect(await post('/onboarding', headers as Record<string, string>)).toBe(taken ? 400 : 403);
    const { body } = await app.inject({ method: 'POST', url: `/pay/${randomUUID()}/bills`, headers });
    expect(body.includes('submitted from another site')).toBe(!taken);
  });
});
