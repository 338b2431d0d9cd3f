import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { watchDelivery } from '../../../../src/platform/http/limits/delivery.ts';

/** Larger than the buffers of a connection, so that it is not handed over before the client reads. */
const LARGE = 'x'.repeat(32 * 1024 * 1024);

let server: FastifyInstance;
let port: number;
let deliveries: ReturnType<typeof watchDelivery>[] = [];
let answer = Promise.withResolvers<string>();
let arrived = Promise.withResolvers<void>();

beforeAll(async () => {
  server = fastify({ forceCloseConnections: true });
  server.get('/', async (_request, reply) => {
    deliveries.push(watchDelivery(reply));
    arrived.resolve();
    return answer.promise;
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  port = (server.server.address() as { port: number }).port;
});
afterAll(() => server.close());

/** Sends a request, and waits until the server has it. */
async function ask(headers = ''): Promise<Socket> {
  deliveries = [];
  answer = Promise.withResolvers();
  arrived = Promise.withResolvers();
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  await arrived.promise;
  return socket;
}
const taken = () => deliveries[0]?.taken;

test.for(['', 'Connection: close\r\n'])('a client that reads the answer takes it (%j)', async (header) => {
  const socket = await ask(header);
  socket.resume();
  answer.resolve('the answer');
  expect(await taken()).toBe(true);
  expect(deliveries[0]?.gone.aborted).toBe(false);
  socket.destroy();
});

test('a client that asks twice on one connection takes both answers', async () => {
  const socket = await ask();
  socket.resume();
  answer.resolve('the answer');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  expect(await Promise.all(deliveries.map((each) => each.taken))).toEqual([true, true]);
});

test('a client that closes before the answer is gone, at once', async () => {
  const socket = await ask();
  socket.destroy();
  const { gone } = deliveries[0] ?? {};
  if (gone?.aborted === false) await once(gone, 'abort');
  expect(await taken()).toBe(false);
  answer.resolve('too late');
});

test('a client that closes its half of the connection before the answer is gone', async () => {
  const socket = await ask();
  socket.end();
  expect(await taken()).toBe(false);
  answer.resolve('too late');
});

test('a client that closes in the middle of the answer does not take it', async () => {
  const socket = await ask();
  socket.once('data', () => socket.destroy());
  answer.resolve(LARGE);
  expect(await taken()).toBe(false);
});

test('a client that resets the connection when it has the headers does not take the answer', async () => {
  const socket = await ask();
  socket.once('data', () => socket.resetAndDestroy());
  answer.resolve('the answer');
  expect(await taken()).toBe(false);
});

test('an answer within this process is taken', async () => {
  answer = Promise.withResolvers();
  deliveries = [];
  answer.resolve('the answer');
  expect((await server.inject({ url: '/' })).body).toBe('the answer');
  expect(await taken()).toBe(true);
});
