/**
 * The promise behind every sign-on: no assertion leaves before its audit row is committed. The service runs as a real
 * process under load and is killed (SIGKILL) at random moments; every assertion that a client has seen, even in part
 * of a page, must then be in the audit log.
 *
 * On the embedded database the kill leaves the server running, and the next start takes it over.
 *
 * KILL_ROUNDS sets the number of kills per database, e.g. `KILL_ROUNDS=100 npx vitest run test/core/audit/kill.test.ts`.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { openEmbeddedServer } from '../../../src/platform/database/embedded/embedded-server.ts';
import { assertionIdIn, createPortalClient, type PortalClient } from '../../support/browser/portal-client.ts';
import { SLOW_AUDIT } from '../../support/postgres/slow-audit.ts';
import { createTestStorage, type TestStorage } from '../../support/postgres/storage.ts';
import { endService, type ServiceProcess, startService } from '../../support/programs/service.ts';

const rounds = process.env.KILL_ROUNDS === undefined ? undefined : Number(process.env.KILL_ROUNDS);
const CASES = [
  { kind: 'embedded', kills: rounds ?? 3 },
  { kind: 'postgresql', kills: rounds ?? 6 },
] as const;

const CLIENTS = 16;
/** The kill comes a few milliseconds after this many assertions were received. */
const KILL_AFTER = [20, 150] as const;
const KILL_WITHIN_MS = 25;
const SP = 'https://sp.example/metadata';
const PASSWORD = 'correct horse battery';

async function prepare(storage: TestStorage): Promise<void> {
  const { services, close } = await storage.open();
  const operate = (name: string, input: unknown) => runNamed(services, name, input, actorWithEveryRole('test'));
  const billerGuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
  await operate('biller.add', { slug: 'riverton', name: 'Riverton', billerGuid, entityId: SP, acs: [`${SP}/acs`] });
  await operate('user.add', {
    biller: 'riverton',
    email: 'ada@example.com',
    password: PASSWORD,
    accounts: ['101Invoice'],
  });
  await close();
  const { DATABASE_URL, DATA_DIR = '' } = storage.environment;
  const embedded = DATABASE_URL === undefined ? await openEmbeddedServer(DATA_DIR) : undefined;
  const client = new pg.Client({ connectionString: embedded?.url ?? DATABASE_URL });
  await client.connect();
  for (const statement of SLOW_AUDIT) await client.query(statement);
  await client.end();
  await embedded?.release();
}

/** Signs on continuously until the service is gone. @param received gets the ID of every assertion seen */
async function signOnUntilGone(client: PortalClient, received: (assertionId: string) => void): Promise<void> {
  for (;;) {
    const answer = await client.signOn('riverton', SP).catch(() => undefined);
    if (answer === undefined) return;
    const assertionId = assertionIdIn(answer.body);
    if (assertionId !== undefined) received(assertionId);
    if (!answer.complete) return;
    expect(answer.status, answer.body).toBe(200);
  }
}

/** Starts a service, puts load on it and kills it. @returns the IDs of the assertions that clients have seen */
async function killUnderLoad(storage: TestStorage, cookies: Map<string, string>): Promise<string[]> {
  const service: ServiceProcess = await startService(storage.environment, storage.folder);
  const clients = Array.from({ length: CLIENTS }, () => createPortalClient(service.url));
  const ids: string[] = [];
  const killAt = randomInt(...KILL_AFTER);
  const moment = new EventTarget();
  const reached = once(moment, 'reached');
  const [first] = clients as [PortalClient];
  try {
    // The session outlives the kills.
    if (cookies.size === 0) {
      await first.signIn('riverton', 'ada@example.com', PASSWORD);
      for (const [name, value] of first.cookies) cookies.set(name, value);
    }
    const load = clients.map((client) => {
      for (const [name, value] of cookies) client.cookies.set(name, value);
      return signOnUntilGone(client, (id) => ids.push(id) === killAt && moment.dispatchEvent(new Event('reached')));
    });
    await Promise.race([reached, Promise.all(load)]);
    await pause(randomInt(KILL_WITHIN_MS));
    const { signal } = await endService(service, 'SIGKILL');
    expect(signal).toBe('SIGKILL');
    await Promise.all(load);
    return ids;
  } finally {
    for (const client of clients) client.close();
    await endService(service, 'SIGKILL');
  }
}

/** @returns which of the assertions are in the audit log */
async function inAudit(storage: TestStorage, assertionIds: readonly string[]): Promise<Set<string | null>> {
  const { database, close } = await storage.open();
  try {
    const rows = await database.db
      .selectFrom('auditEvents')
      .select('assertionId')
      .where('assertionId', 'in', assertionIds)
      .execute();
    return new Set(rows.map((row) => row.assertionId));
  } finally {
    await close();
  }
}

describe.each(CASES)('on the $kind database', ({ kind, kills }) => {
  let storage: TestStorage;
  beforeAll(async () => {
    storage = await createTestStorage(kind);
    await prepare(storage);
  });
  afterAll(() => storage.remove());

  test('every assertion that left the service is in the audit log, no matter how the service dies', {
    timeout: 300_000,
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    const received: string[] = [];
    const lost: string[] = [];
    const cookies = new Map<string, string>();
    for (let round = 1; round <= kills; round += 1) {
      const ids = await killUnderLoad(storage, cookies);
      const found = await inAudit(storage, ids);
      received.push(...ids);
      lost.push(...ids.filter((id) => !found.has(id)).map((id) => `${id} (round ${round})`));
    }
    const found = received.length - lost.length;
    console.log(`${kind}: ${kills} kills, ${received.length} assertions received, ${found} of them in the audit`);
    expect(received.length).toBeGreaterThanOrEqual(kills * KILL_AFTER[0]);
    expect(new Set(received).size).toBe(received.length);
    expect(lost).toEqual([]);
  });
});
