import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { createBrowserLike } from '../../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../../support/installation.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

const PASSWORD = 'correct horse battery';
const EMAIL = 'pat@example.com';

let installation: TestInstallation;
let other: pg.Client;
/** How many requests were dropped because their client was gone. */
let gone = 0;
let drop: () => Promise<void>;
beforeAll(async () => {
  const database = await createTestDatabase(inject('postgresUrl'));
  drop = database.drop;
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  installation = await startInstallation({ existing: { url: database.url, masterKey }, trustProxy: 'loopback' });
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
  other = new pg.Client({ connectionString: database.url });
  await other.connect();
  installation.server.addHook('onSend', async (request) => {
    if (request.facts.outcome === 'client_gone') gone += 1;
  });
  await installation.server.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(async () => {
  await other.end();
  await installation.close();
  await drop();
});

const operate = (name: string, more: Record<string, unknown> = {}) =>
  installation.operate(name, { biller: 'riverton', email: EMAIL, ...more });
/** Resolves when a statement waits for a lock. */
const someoneWaits = () =>
  vi.waitUntil(
    async () => (await other.query('select 1 from pg_locks where not granted and database is not null')).rowCount !== 0,
    { timeout: 30_000 },
  );
const signIn = (browser: ReturnType<typeof createBrowserLike>) =>
  browser.post('/login/riverton', { email: EMAIL, password: PASSWORD });

describe('a user who is changed while their sign-in waits', () => {
  beforeEach(async () => {
    await other.query("delete from portal_users where email = 'pat@example.com'");
    await installation.addUser('riverton', EMAIL, PASSWORD, ['101Invoice']);
  });

  test.each([
    ['gets another password', "update portal_users set password_hash = 'another'"],
    ['is disabled', 'update portal_users set disabled = true'],
    ['is removed', 'delete from portal_users'],
  ])('and %s is not signed in', async (_title, change) => {
    const browser = createBrowserLike(installation.server);
    // The password was checked, and the session can't begin yet.
    await other.query('begin; lock table sessions in access exclusive mode');
    const answer = signIn(browser);
    await someoneWaits();
    await other.query(change);
    await other.query('commit');
    const { statusCode } = await answer;
    expect([statusCode, browser.cookies.has('__Host-session-riverton')]).toEqual([401, false]);
    expect((await other.query('select 1 from sessions')).rowCount).toBe(0);
    const [event] = (await installation.operate('audit.list', { limit: 1 })) as { event: string; details: unknown }[];
    expect(event).toMatchObject({ event: 'sign_in.failed', details: { reason: 'changed' } });
  });

  test.each([
    ['user.update', { password: 'another password' }],
    ['user.update', { disabled: true }],
    ['user.remove', {}],
  ])('by %s %j is signed out at once if the session came first', async (operation, input) => {
    const browser = createBrowserLike(installation.server);
    // The session is there, and its audit event is not.
    await other.query('begin; lock table audit_events in exclusive mode');
    const answer = signIn(browser);
    await someoneWaits();
    const change = operate(operation, input);
    await vi.waitUntil(async () => (await other.query('select 1 from pg_locks where not granted')).rowCount === 2, {
      timeout: 30_000,
    });
    await other.query('commit');
    expect((await answer).statusCode).toBe(303);
    await change;
    expect((await browser.get('/login/riverton')).body).toContain('name="password"');
  });
});

describe('the queue of sign-ins', () => {
  beforeAll(async () => {
    await other.query("delete from portal_users where email = 'pat@example.com'");
    await installation.addUser('riverton', EMAIL, PASSWORD, ['101Invoice']);
  });

  /** Guesses at accounts that do not exist. */
  const guess = (number: number, address: string) =>
    createBrowserLike(installation.server).post(
      '/login/riverton',
      { email: `${number}@example.com`, password: 'x' },
      { 'x-forwarded-for': address },
    );

  test('is limited for each network, and answers one that sends little first', async () => {
    let answered = 0;
    const flood = Array.from({ length: 80 }, async (_, number) => {
      // Another address of the same /64 makes no difference.
      const answer = await guess(number, `2001:db8::${number.toString(16)}`);
      if (answer.statusCode === 401) answered += 1;
      return answer;
    });
    await vi.waitUntil(async () => answered > 0, { interval: 1, timeout: 30_000 });
    const real = await createBrowserLike(installation.server).post('/login/riverton', {
      email: EMAIL,
      password: PASSWORD,
    });
    expect(real.statusCode).toBe(303);
    const earlier = answered;
    const refused = (await Promise.all(flood)).filter(({ statusCode }) => statusCode === 503);
    expect(earlier).toBeLessThan(answered);
    expect(refused.length).toBeGreaterThan(20);
    const [page] = refused;
    expect(page?.headers['retry-after']).toBe('5');
    expect(page?.body).toContain('Too many people at once');
  });

  test('does not count a refused sign-in as an attempt', async () => {
    const { rows } = await other.query("select points from sign_in_attempts where key = 'address:2001:db8:0:0'");
    expect(rows[0]?.points).toBeLessThan(60);
  });

  test('drops those whose client is gone', async () => {
    const { port } = installation.server.server.address() as AddressInfo;
    const body = 'email=nobody%40example.com&password=x';
    const head = (number: number) =>
      [
        'POST /login/riverton HTTP/1.1',
        'Host: x',
        `X-Forwarded-For: 198.51.100.${number}`,
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${body.length}`,
      ].join('\r\n');
    const before = gone;
    const sockets: Socket[] = [];
    for (let number = 0; number < 60; number += 1) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`${head(number)}\r\n\r\n${body.replace('nobody', `n${number}`.padEnd(6, 'x'))}`);
      sockets.push(socket);
    }
    // Half of them close only their own side, as a program does that has nothing more to send.
    for (const [number, socket] of sockets.entries()) number % 2 === 0 ? socket.destroy() : socket.end();
    await vi.waitUntil(() => gone - before > 30, { timeout: 60_000 });
    for (const socket of sockets) socket.destroy();
  });
});
