import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { workingFolder } from '../programs/cli.ts';
import { type Cable, layCable, laySocketCable } from './cable.ts';

/** A server that says everything back. */
let server: Server;
let cable: Cable;
beforeAll(async () => {
  server = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => cable.cut());
afterAll(() => void server.close());

const lay = () => layCable(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`);

async function connectTo(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('utf8');
  await once(socket, 'connect');
  return socket;
}

/** Sends a text. @returns what comes back next */
async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [back] = await once(socket, 'data');
  return back;
}

test('connections that listen hear nothing while others go on, and what was held arrives in the end', async () => {
  cable = await lay();
  const [first, second, other] = [await connectTo(cable.url), await connectTo(cable.url), await connectTo(cable.url)];
  expect(await say(first, 'listen first;')).toBe('listen first;');
  cable.deafen();
  first.write('a notice');
  await cable.holds();
  second.write('listen second;');
  expect(await say(other, 'hear me')).toBe('hear me');
  const back = Promise.all([once(first, 'data'), once(second, 'data')]);
  cable.resume();
  expect(await back).toEqual([['a notice'], ['listen second;']]);
});

test('a line is cut before what was sent arrives, until the watch ends', async () => {
  cable = await lay();
  const arrived = once(server, 'connection').then(([socket]) => socket as Socket);
  const cut = await connectTo(cable.url);
  const far = await arrived;
  const end = cable.onRequest('begin', (line) => line.cut());
  cut.write('begin');
  await once(cut.resume(), 'close');
  expect(far.bytesRead).toBe(0);
  end();
  expect(await say(await connectTo(cable.url), 'begin')).toBe('begin');
});

test('what is delayed keeps its order, also when the delay ends', async () => {
  cable = await lay();
  const socket = await connectTo(cable.url);
  let back = '';
  const all = new Promise<void>((resolve) => {
    socket.on('data', (text: string) => {
      back += text;
      if (back.length === 2) resolve();
    });
  });
  cable.delay(100);
  const seen = new Promise<void>((resolve) => void cable.onRequest('1', () => resolve()));
  socket.write('1');
  await seen;
  cable.delay(0);
  socket.write('2');
  await all;
  expect(back).toBe('12');
});

test('a Unix socket has a cable as well', async () => {
  const { folder, remove } = workingFolder();
  const local = createServer((socket) => void socket.pipe(socket)).listen(join(folder, 'far'));
  try {
    await once(local, 'listening');
    cable = await laySocketCable(join(folder, 'far'), join(folder, 'near'));
    expect(await say(connect(cable.url).setEncoding('utf8'), 'hello')).toBe('hello');
  } finally {
    await cable.cut();
    local.close();
    remove();
  }
});
