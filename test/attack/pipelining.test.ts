import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { useStage } from '../support/stage.ts';

const stage = useStage();
let port: number;
let handled = 0;
beforeAll(async () => {
  const url = await stage.installation.server.listen({ port: 0, host: '127.0.0.1' });
  port = Number(new URL(url).port);
  stage.installation.server.server.on('request', (_, response) => response.once('finish', () => (handled += 1)));
});

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: idp.example\r\n${more}\r\n`;

test('a client that sends thousands of requests and reads nothing is cut off, and nothing piles up', async () => {
  const before = handled;
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(get('/saml/riverton/metadata').repeat(5_000));
  // The rest is lost with the connection: `once` would take that for a failure.
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  await ended;
  expect(handled - before).toBeLessThanOrEqual(16);
  // Others are served.
  expect((await stage.stranger().get('/saml/riverton/metadata')).statusCode).toBe(200);
});

test('a few requests at a time are answered, in order, and many one after the other', async () => {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  const paths = ['/saml/riverton/metadata', '/login/riverton', '/nowhere', '/health/live'];
  socket.write(paths.map((path) => get(path)).join('') + get('/health/live', 'Connection: close\r\n'));
  await once(socket, 'close');
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
  expect(statuses).toEqual(['200', '200', '404', '200', '200']);

  const kept = connect(port, '127.0.0.1');
  for (let time = 0; time < 40; time += 1) {
    kept.write(get('/health/live'));
    const [bytes] = (await once(kept, 'data')) as [Buffer];
    expect(bytes.toString()).toContain('HTTP/1.1 200');
  }
  kept.destroy();
});
