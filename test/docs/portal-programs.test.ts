import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Language, Parser } from 'web-tree-sitter';
import { workingFolder } from '../support/programs/cli.ts';
import { blocksIn, PROGRAMS, putProgram, type RunningPortal, startPortal } from './portal-programs.ts';

const KEY = `icidp_0123456789ab_${'k'.repeat(43)}`;
const SORRY = 'can’t be shown right now';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** A service that answers as it is told, to show what portals do with answers that the real one does not give. */
async function listen(answer: Answer) {
  const server = createServer((request, response) => answer(response, request));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const says =
  (status: number, body: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);

const PAGE = { 'content-type': 'text/html' };
/** The first one ends the connection in the middle of its answer. */
const cutOff: Answer = (response) => {
  response.writeHead(201, { 'content-length': '100' });
  response.write('{"url":', () => response.destroy());
};
const stalls: Answer = (response) => {
  response.writeHead(502, PAGE);
  response.write('<h1>');
};

const FAULTS: readonly [string, Answer, RegExp][] = [
  [
    'refuses',
    says(401, '{"code":"api_key_refused","detail":"It is revoked.","reference":"one-two-three"}'),
    /401 api_key_refused: It is revoked\. \(reference one-two-three\)/,
  ],
  ['is hidden by an error page', says(502, '<h1>Bad gateway</h1>', PAGE), /502 no code/],
  ['is hidden by any page', says(200, '<h1>Sign in to this network</h1>', PAGE), /200 no code/],
  ['makes a launch without an address', says(201, '{}'), /201 no code/],
  ['answers null', says(503, 'null'), /503 no code/],
  ['answers a list', says(503, '["code"]'), /503 no code/],
  ['answers a text', says(503, '"code"'), /503 no code/],
  ['is cut off', cutOff, /201 no code|no answer/],
  ['hangs up', (response) => response.destroy(), /no answer/],
  ['speaks no HTTP', (response) => response.socket?.end('220 mail.example.com ESMTP\r\n\r\n'), /no answer/],
];

let where: ReturnType<typeof workingFolder>;
beforeAll(async () => {
  where = workingFolder();
  for (const program of PROGRAMS) await putProgram(program, where.folder);
});
afterAll(() => where?.remove());

describe.each(PROGRAMS)('the portal in $language', (program) => {
  let answer: Answer;
  let service: Awaited<ReturnType<typeof listen>>;
  let portal: RunningPortal;
  beforeAll(async () => {
    service = await listen((response, request) => answer(response, request));
    // As a secret is that was made with echo.
    portal = await startPortal(program, where.folder, { API_KEY: `${KEY}\n`, IDP: service.url });
  });
  afterAll(async () => {
    await portal?.stop();
    await service?.close();
  });

  /** Asks for the bill. @returns what came, and what the portal printed meanwhile */
  async function pay() {
    const before = portal.output().length;
    const response = await fetch(`${portal.url}pay`, { redirect: 'manual' });
    return { response, page: await response.text(), printed: () => portal.output().slice(before) };
  }

  test('sends what is asked for, with a fresh Idempotency-Key each time, and redirects', async () => {
    const calls: { request: IncomingMessage; body: string }[] = [];
    answer = async (response, request) => {
      calls.push({ request, body: await text(request) });
      says(201, '{"url":"https://sso.example.com/launch/t/x"}')(response, request);
    };
    for (let times = 0; times < 2; times += 1) {
      const { response } = await pay();
      const { headers } = response;
      expect([response.status, headers.get('cache-control'), headers.get('location')]).toEqual([
        303,
        'no-store',
        'https://sso.example.com/launch/t/x',
      ]);
    }
    for (const { request, body } of calls) {
      expect([request.method, request.url, request.headers.authorization]).toEqual([
        'POST',
        '/api/launches',
        `Bearer ${KEY}`,
      ]);
      expect(request.headers['content-type']).toMatch(/^application\/json/);
      expect(JSON.parse(body)).toEqual({
        user: {
          id: 'u-1842',
          email: 'pat@example.com',
          accounts: [
            { number: '101Invoice', role: 'owner' },
            { number: '202Invoice', role: 'co-owner' },
          ],
        },
        account: '101Invoice',
        destination: 'bills',
        returnUrl: portal.url.slice(0, -1),
        refreshUrl: `${portal.url}pay`,
      });
    }
    const keys = calls.map(({ request }) => String(request.headers['idempotency-key']));
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key.replaceAll('-', '')).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each(FAULTS)('shows a plain page and logs why when the service %s', async (_what, fault, line) => {
    answer = fault;
    const { response, page, printed } = await pay();
    expect([response.status, page]).toEqual([503, expect.stringContaining(SORRY)]);
    // Otherwise browsers guess, and show ’ as three characters.
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    await expect.poll(printed).toMatch(line);
    expect(printed()).not.toMatch(/<h1>|\bat \S+:\d+|Traceback|Stack trace/);
    expect(printed() + page).not.toContain(KEY);
  });

  test.each([302, 307])('gives key and user to no other host, whatever a redirect (%i) says', async (status) => {
    const called: string[] = [];
    const other = await listen((response, request) => {
      called.push(`${request.method} ${request.headers.authorization}`);
      says(201, '{"url":"https://elsewhere.example.com/"}')(response, request);
    });
    onTestFinished(() => other.close());
    answer = says(status, '', { location: `${other.url}/api/launches` });
    const { response, printed } = await pay();
    expect(response.status).toBe(503);
    await expect.poll(printed).toContain(`${status} no code`);
    expect(called).toEqual([]);
  });

  test('does not print a key that is no header', async () => {
    answer = says(400, '');
    const broken = await startPortal(program, where.folder, { API_KEY: `${KEY}\nx`, IDP: service.url });
    onTestFinished(() => broken.stop());
    const response = await fetch(`${broken.url}pay`);
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining(SORRY)]);
    await expect.poll(broken.output).toMatch(/no answer|not sent|no code|No launch/);
    expect(broken.output()).not.toContain(KEY);
  });
});

test('every portal gives up after ten seconds', async () => {
  const waits: [string, Answer][] = [
    ['no answer', () => undefined],
    ['half an answer', stalls],
  ];
  const all = PROGRAMS.flatMap((program) => waits.map(([name, answer]) => ({ program, name, answer })));
  // At the same time, or it would take a minute.
  const seen = await Promise.all(
    all.map(async ({ program, name, answer }) => {
      const service = await listen(answer);
      const portal = await startPortal(program, where.folder, { API_KEY: KEY, IDP: service.url });
      const began = performance.now();
      const response = await fetch(`${portal.url}pay`);
      const seconds = (performance.now() - began) / 1000;
      const page = await response.text();
      await portal.stop();
      await service.close();
      return [program.language, name, response.status, page.includes(SORRY), seconds > 9 && seconds < 19];
    }),
  );
  expect(seen).toEqual(all.map(({ program, name }) => [program.language, name, 503, true, true]));
});

test('the portal in C# is C#, and calls the same with the same', async () => {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve('tree-sitter-c-sharp/tree-sitter-c_sharp.wasm');
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  const [program = ''] = blocksIn('csharp');
  const faults = (source: string) => {
    const root = parser.parse(source)?.rootNode;
    return root === undefined || root.hasError ? (root?.toString().match(/\((ERROR|MISSING)/g) ?? ['no program']) : [];
  };
  expect(faults(program)).toEqual([]);
  expect(faults(program.replace('app.Run();', 'app.Run('))).not.toEqual([]);
  expect(faults(program.replace('app.Run();', 'app.Run()'))).not.toEqual([]);
  for (const part of [
    '/api/launches',
    'Idempotency-Key',
    'Bearer',
    'returnUrl',
    'refreshUrl',
    'no-store',
    'Status303SeeOther',
    'Status503ServiceUnavailable',
    'FromSeconds(10)',
    'AllowAutoRedirect = false',
    'RedactLoggedHeaders(new[] { "Authorization" })',
    '"text/html; charset=utf-8"',
  ]) {
    expect(program).toContain(part);
  }
});
