import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { authnRequest, postFields } from '../support/saml/authn-request.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';

let installation: TestInstallation;
let lines: { level: string; outcome?: string; status?: number; reference?: string }[] = [];
beforeAll(async () => {
  const logger = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) });
  installation = await startInstallation({ logger });
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
  await installation.server.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => installation.close());
beforeEach(() => {
  lines = [];
});

/** Opens a connection and writes something. */
async function send(...parts: string[]): Promise<Socket> {
  const { port } = installation.server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  for (const part of parts) socket.write(part);
  return socket;
}
const head = (path: string, ...more: string[]) => `${[`POST ${path} HTTP/1.1`, 'Host: x', ...more].join('\r\n')}\r\n`;

describe('what is refused before there is a request gets a page and a line in the log', () => {
  test.each([
    [
      'too many headers',
      `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['a URL that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'headers_too_large'],
    ['another protocol', 'EHLO mail.example\r\n\r\n', 400, 'request_malformed'],
    [
      'two lengths',
      `${head('/login/riverton', 'Content-Length: 1', 'Content-Length: 2')}\r\n`,
      400,
      'request_malformed',
    ],
  ])('%s', async (_title, request, status, code) => {
    const answer = await text(await send(request));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/^content-type: text\/html/m);
    expect(answer).toMatch(/^content-security-policy: default-src 'none'/m);
    expect(answer).toMatch(/^strict-transport-security: /m);
    expect(answer).toContain(`<code data-testid="error-code">${code}</code>`);
    const reference = /data-testid="reference">([a-z-]+)</.exec(answer)?.[1];
    expect(lines).toMatchObject([{ status, outcome: code, reference }]);
  });

  test('and so does a path that the framework refuses', async () => {
    const answer = await text(await send('GET /saml/%zz/sso HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    expect(answer).toContain('parameter_invalid');
    expect(lines).toMatchObject([{ status: 400, outcome: 'parameter_invalid' }]);
  });
});

test('a request that does not arrive within 30 seconds is ended then', async () => {
  const begun = performance.now();
  const late = {
    nothing: await send(),
    headers: await send(head('/login/riverton')),
    body: await send(`${head('/login/riverton', FORM, 'Content-Length: 100')}\r\n`, 'email='),
    chunks: await send(`${head('/saml/riverton/sso', FORM, 'Transfer-Encoding: chunked')}\r\n`, '5\r\nSAMLR\r\n'),
  };
  // One that sends a little all the time is no better.
  const trickle = setInterval(() => late.chunks.write('1\r\nx\r\n'), 1_000);
  const ends = await Promise.all(
    Object.values(late).map(async (socket) => {
      const answer = await text(socket).catch(() => '');
      return { answer, seconds: (performance.now() - begun) / 1000 };
    }),
  );
  clearInterval(trickle);
  for (const { answer, seconds } of ends) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('request_too_slow');
    expect(seconds).toBeGreaterThan(29);
    expect(seconds).toBeLessThan(45);
  }
});

test('a form of the sign-in has a limit of its own', async () => {
  const large = `email=${'x'.repeat(17 * 1024)}`;
  const answer = await text(
    await send(`${head('/login/riverton', FORM, 'Connection: close', `Content-Length: ${large.length}`)}\r\n`, large),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toContain('request_too_large');
});

test('bodies that are not complete take a limited amount of memory, and small ones come through', async () => {
  const before = process.memoryUsage().rss;
  const part = 'x'.repeat(1_900_000);
  const request = `${head('/saml/riverton/sso', FORM, 'Content-Length: 2000000')}\r\nSAMLRequest=${part}`;
  let ended = 0;
  const sockets = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = await send(request);
      socket.on('close', () => {
        ended += 1;
      });
      return socket;
    }),
  );
  // 570 MB were sent, and 64 MB are kept.
  await vi.waitUntil(() => ended > 240, { timeout: 60_000 });
  const form = new URLSearchParams(postFields(authnRequest())).toString();
  const small = `${head('/saml/riverton/sso', FORM, 'Connection: close', `Content-Length: ${form.length}`)}\r\n${form}`;
  expect(await text(await send(small))).toMatch(/^HTTP\/1\.1 303 /);
  expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(400);
  for (const socket of sockets) socket.destroy();
  await vi.waitUntil(() => ended === sockets.length, { timeout: 60_000 });
  expect(lines.filter(({ outcome }) => outcome === 'service_busy').length).toBeGreaterThan(240);
  // It alarms nobody.
  expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('connections beyond the limit are closed, and idle ones make room', async () => {
  const { server } = installation.server;
  server.maxConnections = 20;
  const asked = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
  const idle = await Promise.all(Array.from({ length: 20 }, () => send(asked)));
  await Promise.all(idle.map((socket) => once(socket, 'data')));
  const beyond = await send(asked);
  await once(beyond, 'close');
  const next = await send(asked);
  expect(String(await once(next, 'data'))).toMatch(/^HTTP\/1\.1 200 /);
  for (const socket of [...idle, next]) socket.destroy();
});
