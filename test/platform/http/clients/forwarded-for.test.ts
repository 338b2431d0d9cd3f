import fastify from 'fastify';
import { expect, test } from 'vitest';
import { dropForwardedPorts } from '../../../../src/platform/http/clients/forwarded-for.ts';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:54321', '203.0.113.7'],
  ['[2001:db8::7]:54321', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['2001:db8:0:0:0:0:0:443', '2001:db8:0:0:0:0:0:443'],
  ['198.51.100.1:1, 203.0.113.7:54321', '203.0.113.7'],
  // No address: it stays as it is, so that no client can pass for another one.
  ['203.0.113.7:port', '203.0.113.7:port'],
  ['999.0.113.7:1', '999.0.113.7:1'],
  ['[203.0.113.7', '[203.0.113.7'],
])('X-Forwarded-For: %s is the client %s', async (header, client) => {
  const server = fastify({ trustProxy: 'loopback' });
  dropForwardedPorts(server);
  server.get('/', (request) => request.ip);
  const { body } = await server.inject({ url: '/', headers: { 'x-forwarded-for': header } });
  expect(body).toBe(client);
  await server.close();
});

test('without a trusted proxy, the header is not read', async () => {
  const server = fastify();
  dropForwardedPorts(server);
  server.get('/', (request) => request.ip);
  const { body } = await server.inject({ url: '/', headers: { 'x-forwarded-for': '203.0.113.7:1' } });
  expect(body).toBe('127.0.0.1');
  await server.close();
});
