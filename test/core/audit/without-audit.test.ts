import { sql } from 'kysely';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { newSamlId } from '../../../src/protocols/saml/writing/id.ts';
import {
  assertionIdIn,
  createPortalClient,
  type PortalClient,
  redirectPath,
  samlResponseIn,
} from '../../support/browser/portal-client.ts';
import { startInstallation, TEST_SP, type TestInstallation } from '../../support/installation.ts';
import { layCable } from '../../support/postgres/cable.ts';

const PASSWORD = 'correct horse battery';

let installation: TestInstallation;
let client: PortalClient;
const after: (() => Promise<void>)[] = [];

afterEach(async () => {
  client.close();
  await installation.close();
  for (const end of after.splice(0)) await end();
});

/** A service with a signed-in user. */
async function start(options: { readonly postgresUrl?: string } = {}): Promise<void> {
  installation = await startInstallation(options);
  await installation.addBiller('riverton');
  await installation.addUser('riverton', 'ada@example.com', PASSWORD, ['101Invoice:owner']);
  client = createPortalClient(await installation.server.listen({ port: 0, host: '127.0.0.1' }));
  await client.signIn('riverton', 'ada@example.com', PASSWORD);
}

describe('a sign-on', () => {
  test('without its audit row no assertion is sent, and the same request can be sent again', async () => {
    await start();
    const { db } = installation.services.database;
    const requestId = newSamlId();
    await sql`alter table audit_events rename to audit_events_away`.execute(db);
    const refused = await client.signOn('riverton', TEST_SP, requestId);
    expect(refused.status).toBe(500);
    expect(refused.body).not.toContain('SAMLResponse');
    await sql`alter table audit_events_away rename to audit_events`.execute(db);
    const answered = await client.signOn('riverton', TEST_SP, requestId);
    expect(answered.status).toBe(200);
    expect(assertionIdIn(answered.body)).toMatch(/^_/);
    // Once answered, it stays answered.
    const replayed = await client.signOn('riverton', TEST_SP, requestId);
    expect(replayed.status).toBe(400);
    expect(replayed.body).not.toContain('SAMLResponse');
  });

  test('while the database takes no row of a refusal, no error Response is sent either', async () => {
    await start();
    const { database } = installation.services;
    const elsewhere = () =>
      client.get(redirectPath('riverton', TEST_SP, newSamlId(), 'Destination="https://x.example"'));
    expect(samlResponseIn((await elsewhere()).body)).toBeDefined();
    await sql`alter table audit_events add constraint no_refusals check (event <> 'sign_on.refused') not valid`.execute(
      database.db,
    );
    const refused = await elsewhere();
    expect(refused.status).toBe(500);
    expect(samlResponseIn(refused.body)).toBeUndefined();
    await sql`alter table audit_events drop constraint no_refusals`.execute(database.db);
    expect(samlResponseIn((await elsewhere()).body)).toBeDefined();
  });

  test('if one request is sent many times concurrently, it is answered once', async () => {
    await start();
    const requestId = newSamlId();
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.signOn('riverton', TEST_SP, requestId)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(11).fill(400)]);
    expect(answers.filter(({ body }) => assertionIdIn(body) !== undefined)).toHaveLength(1);
  });
});

test('while PostgreSQL is down, a sign-on gets a page that says so, and works again once PostgreSQL is back', async () => {
  const cable = await layCable(inject('postgresUrl'));
  after.push(cable.cut);
  await start({ postgresUrl: cable.url });
  await cable.cut();
  const refused = await client.signOn('riverton', TEST_SP);
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('10');
  expect(refused.body).toContain('We can’t sign you on right now');
  expect(refused.body).not.toContain('SAMLResponse');
  expect((await client.get('/health/live')).status).toBe(200);
  expect((await client.get('/health/ready')).status).toBe(503);

  await cable.mend();
  expect((await client.get('/health/ready')).status).toBe(200);
  const answered = await client.signOn('riverton', TEST_SP);
  expect(assertionIdIn(answered.body)).toMatch(/^_/);
});
