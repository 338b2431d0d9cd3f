import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { assertionIdIn, createPortalClient, type PortalClient } from '../support/browser/portal-client.ts';
import { createTestStorage, type DatabaseKind, type TestStorage } from '../support/postgres/storage.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';

const SP = 'https://sp.example/metadata';
const PASSWORD = 'correct horse battery';
const STOPPING = 'stopping after the sign-ons in flight';
const CLEAN = { code: 0, signal: null, stderr: '' };

let storage: TestStorage;
let service: ServiceProcess;
let client: PortalClient;

/** An installation with one biller and one portal user with two accounts, so that the sign-on asks for one. */
async function prepare(kind: DatabaseKind): Promise<void> {
  storage = await createTestStorage(kind);
  const { services, close } = await storage.open();
  const operate = (name: string, input: unknown) => runNamed(services, name, input, actorWithEveryRole('test'));
  const billerGuid = crypto.randomUUID();
  await operate('biller.add', { slug: 'riverton', name: 'Riverton', billerGuid, entityId: SP, acs: [`${SP}/acs`] });
  const accounts = ['101Invoice', '202Invoice'];
  await operate('user.add', { biller: 'riverton', email: 'ada@example.com', password: PASSWORD, accounts });
  await operate('user.add', { biller: 'riverton', email: 'grace@example.com', password: PASSWORD, accounts: ['303'] });
  await close();
}

async function start(): Promise<void> {
  service = await startService(storage.environment, storage.folder);
  client = createPortalClient(service.url);
}

afterEach(async () => {
  client.close();
  await endService(service, 'SIGKILL');
});

/** Opens a connection and writes a part of a request. */
async function openConnection(part = ''): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1');
  await once(socket, 'connect');
  // The service may end it in any way.
  socket.on('error', () => undefined);
  if (part !== '') await new Promise<void>((written) => socket.write(part, () => written()));
  return socket;
}

/** Sends the head and the first half of a POST, and waits until the service reads it. @returns the rest */
async function halfPost(path: string, form: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(form).toString();
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${service.port}`,
    `Cookie: ${cookie}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    // The service confirms the head before the body is sent (RFC 9110, 10.1.1).
    'Expect: 100-continue',
  ].join('\r\n');
  const socket = await openConnection(`${head}\r\n\r\n`);
  await once(socket, 'data');
  socket.write(body.slice(0, 10));
  return {
    finish: async () => {
      const answer = text(socket);
      socket.write(body.slice(10));
      return answer;
    },
  };
}

async function isRefused(): Promise<boolean> {
  const socket = connect(service.port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}

describe.each(['embedded', 'postgresql'] as const)('the service on the %s database, asked to stop', (kind) => {
  beforeAll(() => prepare(kind));
  afterAll(() => storage.remove());

  test.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'by %s, finishes the sign-on in flight, accepts no new one, and ends with exit code 0',
    { meta: { holds: ['IDP-102'], source: 'project rule' } },
    async (signal) => {
      await start();
      await client.signIn('riverton', 'ada@example.com', PASSWORD);
      const { headers } = await client.signOn('riverton', SP);
      // The POST is parked, and continues under its flow.
      const flow = new URL(headers.location ?? '', service.url).searchParams.get('flow') ?? '';
      const post = await halfPost('/saml/riverton/sso', { flow, account: '202Invoice' });

      service.child.kill(signal);
      await service.logged(STOPPING);
      await vi.waitUntil(isRefused, { timeout: 5_000 });
      expect(service.child.exitCode).toBeNull();
      const answer = await post.finish();
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer).toMatch(/^connection: close\r$/im);
      const assertionId = assertionIdIn(answer);
      expect(assertionId).toMatch(/^_/);
      expect(await service.ended).toEqual(CLEAN);

      const { services, close } = await storage.open();
      const rows = await runNamed(services, 'audit.list', { assertion: assertionId }, actorWithEveryRole('test'));
      await close();
      expect(rows).toMatchObject([{ event: 'assertion.issued', biller: 'riverton' }]);
    },
  );

  test('is not held up by idle connections', {
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    await start();
    // As browsers open them: one used and kept alive, one never used, one with half of a head.
    expect((await client.get('/health/live')).status).toBe(200);
    const unused = await openConnection();
    const half = await openConnection('GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    expect(await endService(service)).toEqual(CLEAN);
    for (const socket of [unused, half]) socket.destroy();
  });
});

describe('the service on PostgreSQL, asked to stop while the database is slow', () => {
  beforeAll(() => prepare('postgresql'));
  afterAll(() => storage.remove());

  test('answers every sign-on that is waiting for its audit row', async () => {
    await start();
    await client.signIn('riverton', 'grace@example.com', PASSWORD);
    const database = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
    await database.connect();
    try {
      await database.query('begin; lock table audit_events in access exclusive mode');
      const signOns = Array.from({ length: 8 }, () => client.signOn('riverton', SP));
      await vi.waitUntil(
        async () => {
          const { rowCount } = await database.query(
            "select 1 from pg_locks where relation = 'audit_events'::regclass and not granted",
          );
          return rowCount === 1;
        },
        { timeout: 30_000 },
      );
      // One waits in the database. The health check was sent after the others, so all of them are in flight.
      await client.get('/health/live');
      service.child.kill('SIGTERM');
      await service.logged(STOPPING);
      await vi.waitUntil(isRefused, { timeout: 5_000 });
      await database.query('commit');
      const answers = await Promise.all(signOns);
      expect(answers.map(({ status }) => status)).toEqual(signOns.map(() => 200));
      expect(new Set(answers.map(({ body }) => assertionIdIn(body))).size).toBe(signOns.length);
      expect(await service.ended).toEqual(CLEAN);
    } finally {
      await database.end();
    }
  });

  test('gives up on a request that never ends, and reports that by its exit code', async () => {
    await start();
    const post = await halfPost('/login/riverton', { email: 'grace@example.com', password: PASSWORD });
    expect(await endService(service)).toEqual({ code: 1, signal: null, stderr: '' });
    expect(await post.finish()).toBe('');
  });
});
