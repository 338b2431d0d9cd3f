import type { FastifyReply, FastifyRequest } from 'fastify';
import pg from 'pg';
import { createKeyedHash } from '../../src/core/audit/keyed-hash.ts';
import { type AuditFilter, listEvents } from '../../src/core/audit/store.ts';
import { createAuditWriter } from '../../src/core/audit/writer.ts';
import type { AcceptedRequest } from '../../src/core/authn-requests/check.ts';
import type { Biller } from '../../src/core/billers/biller.ts';
import { findBiller } from '../../src/core/billers/store.ts';
import { listActiveKeys } from '../../src/core/keys/active-keys.ts';
import { publishedKeys } from '../../src/core/keys/store.ts';
import { accountsOf, findUser } from '../../src/core/portal-users/store.ts';
import {
  createFindSession,
  deleteExpiredSessions,
  setLaunchedAccounts,
  touchSession,
} from '../../src/core/sessions/store.ts';
import { createAnswers } from '../../src/endpoints/sign-on/flows/answers.ts';
import { createFlows } from '../../src/endpoints/sign-on/flows/flows.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import type { BenchInstallation } from '../installation.ts';
import type { Work } from './plans.ts';

const AT_A_TIME = 64;
const LISTED = 50;

interface Sample {
  readonly billerId: string;
  readonly slug: string;
  readonly userId: string;
  readonly email: string;
  readonly idHashes: readonly Buffer[];
}

interface SampleEvent {
  readonly reference: string;
  readonly userId: string;
  readonly emailHash: string;
  readonly requestId: string;
  readonly assertionId: string;
  readonly middle: number;
  readonly at: Date;
  readonly lastHour: Date;
}

/** Values to ask with that lie in the middle of what there is. */
async function takeSamples(url: string): Promise<{ sample: Sample; event: SampleEvent }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const sessions = await client.query(
      `select s.id_hash, s.biller_id, b.slug, u.id as user_id, u.email from sessions s
        join portal_users u on u.id = s.user_id join billers b on b.id = s.biller_id order by s.id_hash limit $1`,
      [AT_A_TIME],
    );
    const events = await client.query(
      `select *, (select max(at) - interval '1 hour' from audit_events) as last_hour from audit_events
        where id >= (select (min(id) + max(id)) / 2 from audit_events) and event = 'assertion.issued' order by id limit 1`,
    );
    const [session] = sessions.rows;
    const [event] = events.rows;
    return {
      sample: {
        billerId: session.biller_id,
        slug: session.slug,
        userId: session.user_id,
        email: session.email,
        idHashes: sessions.rows.map(({ id_hash }) => id_hash),
      },
      event: {
        reference: event.reference,
        userId: event.user_id,
        emailHash: event.email_hash,
        requestId: event.request_id,
        assertionId: event.assertion_id,
        middle: Number(event.id),
        at: event.at,
        lastHour: event.last_hour,
      },
    };
  } finally {
    await client.end();
  }
}

/** As much of a browser's exchange as a parked request is bound to: its cookies, at top level. */
function browser() {
  const cookies: Record<string, string> = {};
  const setCookie = (name: string, value: string) => {
    cookies[name] = value;
  };
  const request = { cookies, headers: {} } as unknown as FastifyRequest;
  return { request, reply: { request, setCookie, clearCookie: () => undefined } as unknown as FastifyReply };
}

/** A request that was sent to the POST binding, or waits for the sign-in: parked, found again, answered. */
async function park({ db }: Database, billerId: string): Promise<void> {
  const flows = createFlows({ db, clock: Date.now });
  const acsUrl = 'https://sp.example/acs';
  const biller = { id: billerId, serviceProvider: { acs: [{ url: acsUrl }] } } as unknown as Biller;
  const { request, reply } = browser();
  const id = await flows.park(reply, biller, { acsUrl } as AcceptedRequest);
  await flows.find(request, biller, id);
  const answers = createAnswers({ db, clock: Date.now });
  await answers.takeTurn(id);
  await answers.answered(request, id, {
    target: { acsUrl },
    response: '',
    assertionId: '',
    key: '',
    account: '',
    session: '',
  });
}

/** What a sign-on asks of the database, and what the audit search does, by the code that the service runs. */
export async function queriesOf({ environment }: BenchInstallation): Promise<{ signOn: Work[]; search: Work[] }> {
  const { DATABASE_URL = '' } = environment;
  const { sample, event } = await takeSamples(DATABASE_URL);
  const { billerId, userId, idHashes } = sample;
  const [idHash = Buffer.alloc(32)] = idHashes;
  const keyedHash = createKeyedHash(Buffer.alloc(32));
  const issue = (database: Database) =>
    createAuditWriter({ database, keyedHash, clock: Date.now }).append({
      event: 'assertion.issued',
      reference: 'maple-otter-lantern',
      billerId,
      userId,
      email: sample.email,
      requestId: newSamlId(),
      assertionId: newSamlId(),
      keyFingerprint: '0'.repeat(64),
      details: {
        acs: 'https://sp.example/acs',
        nameIdFormat: 'emailAddress',
        signed: 'assertion',
        beganBy: 'password',
      },
    });
  const search = (title: string, filter: Omit<AuditFilter, 'limit'>): Work => ({
    titles: [title],
    run: ({ db }) => listEvents(db, { ...filter, limit: LISTED }),
  });
  return {
    signOn: [
      {
        titles: ['the session, with user and accounts'],
        run: (database) => createFindSession(database)(idHash, billerId),
      },
      {
        titles: ['', `${AT_A_TIME} sessions that are asked for together`],
        async run(database) {
          const find = createFindSession(database);
          // The first one leaves alone; the others wait for it and go together.
          await Promise.all([idHash, ...idHashes].map((hash) => find(hash, billerId)));
        },
      },
      { titles: ['the audit row'], run: issue },
      { titles: ['once a minute: the session was seen'], run: ({ db }) => touchSession(db, idHash, new Date()) },
      { titles: ['after a launch: its account is used up'], run: ({ db }) => setLaunchedAccounts(db, idHash, []) },
      {
        titles: ['a request that waits: parked', 'found again', 'its turn is taken', 'answered'],
        run: (database) => park(database, billerId),
      },
      { titles: ['not in memory yet: the biller'], run: ({ db }) => findBiller(db, sample.slug) },
      { titles: ['not in memory yet: its keys'], run: ({ db }) => publishedKeys(db, billerId) },
      { titles: ['sign-in: the user'], run: ({ db }) => findUser(db, billerId, sample.email) },
      { titles: ['sign-in: the accounts'], run: ({ db }) => accountsOf(db, userId) },
      { titles: ['upkeep: expired sessions'], run: ({ db }) => deleteExpiredSessions(db, new Date()) },
      { titles: ['readiness: the active key of every biller'], run: listActiveKeys },
    ],
    search: [
      search('the newest events', {}),
      search('of a biller', { billerId }),
      search('of a biller, further back', { billerId, before: event.middle }),
      search('of a user', { userId: event.userId }),
      search('of an email', { emailHash: event.emailHash }),
      search('of a reference', { reference: event.reference }),
      search('of a request', { requestId: event.requestId }),
      search('of a request at a biller', { billerId, requestId: event.requestId }),
      search('of an assertion', { assertionId: event.assertionId }),
      search('of a kind that is frequent', { event: 'assertion.issued' }),
      search('of a kind that is rare', { event: 'biller.removed' }),
      search('of a kind that is rare, at a biller', { billerId, event: 'biller.removed' }),
      search('of the last hour', { since: event.lastHour }),
      search('of the second half of the year', { since: event.at }),
      search('of a user in the last hour', { userId: event.userId, since: event.lastHour }),
    ],
  };
}
