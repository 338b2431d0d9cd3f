import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchChromium } from './browser/chromium.ts';
import { createTestDatabase } from './postgres/postgres.ts';

let first: Awaited<ReturnType<typeof createTestDatabase>>;

beforeAll(async () => {
  first = await createTestDatabase(inject('postgresUrl'));
});

afterAll(() => first.drop());

async function databases(): Promise<string[]> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  const answer = await client.query<{ datname: string }>('select datname from pg_database');
  await client.end();
  return answer.rows.map((row) => row.datname);
}

test('a test database is real PostgreSQL, empty, and keeps what it commits', async () => {
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  const tables = await client.query("select 1 from information_schema.tables where table_schema = 'public'");
  const settings = await client.query('select current_setting($1) as fsync, current_setting($2) as encoding', [
    'fsync',
    'server_encoding',
  ]);
  await client.end();
  expect(tables.rowCount).toBe(0);
  expect(settings.rows[0]).toEqual({ fsync: 'on', encoding: 'UTF8' });
});

test('dropping removes the database even while a client is connected, and dropping twice is harmless', async () => {
  const database = await createTestDatabase(inject('postgresUrl'));
  const name = new URL(database.url).pathname.slice(1);
  expect(await databases()).toContain(name);
  const client = new pg.Client({ connectionString: database.url });
  // pg reports it twice: the server's message, then the closed socket.
  const cut = new Promise<Error>((resolve) => client.on('error', resolve));
  await client.connect();
  await database.drop();
  expect((await cut).message).toMatch(/terminat/i);
  expect(await databases()).not.toContain(name);
  await database.drop();
});

async function listen(answer: RequestListener): Promise<{ server: Server; port: number }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

test.each([
  { blockThirdPartyCookies: false, arrives: 'plain=1; partitioned=1' },
  { blockThirdPartyCookies: true, arrives: 'partitioned=1' },
])('Chromium with blockThirdPartyCookies $blockThirdPartyCookies sends "$arrives" inside a frame', async (row) => {
  // localhost and 127.0.0.1 are two sites, and both count as secure.
  const framed = await listen((request, response) => {
    if (request.url === '/set') {
      const attributes = 'Path=/; Secure; HttpOnly; SameSite=None';
      const cookies = [`plain=1; ${attributes}`, `partitioned=1; ${attributes}; Partitioned`];
      response.writeHead(302, { location: '/echo', 'set-cookie': cookies }).end();
    } else {
      response.end(request.headers.cookie ?? 'no cookie');
    }
  });
  const top = await listen((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe src="http://127.0.0.1:${framed.port}/set"></iframe>`);
  });
  const browser = await launchChromium(row);
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`http://localhost:${top.port}/`);
    expect(await page.frameLocator('iframe').locator('body').textContent()).toBe(row.arrives);
  } finally {
    await browser.close();
    top.server.close();
    framed.server.close();
  }
});
