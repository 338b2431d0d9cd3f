import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import { pino } from 'pino';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import type { KeyStatus } from '../../src/core/keys/status.ts';
import type { Verdict } from '../../src/core/keys/trust/verdict.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { createPortalClient, samlResponseIn } from '../support/browser/portal-client.ts';
import { type Cable, layCable } from '../support/postgres/cable.ts';
import { createTestStorage, type TestConnection } from '../support/postgres/storage.ts';
import { createRelyingParty, type PartyKind, type RelyingParty } from './relying-party.ts';
import { type SignOnCounts, startSignOns } from './sign-ons.ts';

/** A biller of the drill with its Service Provider and the results of its sign-ons. */
interface Drilled extends SignOnCounts {
  readonly slug: string;
  readonly party: RelyingParty;
}

/** Two instances of the service on one PostgreSQL, with continuous sign-ons on both. */
export interface Drill {
  readonly billers: readonly Drilled[];
  /** From each instance to the database. */
  readonly cables: readonly [Cable, Cable];
  operate(name: string, input: Record<string, unknown>): Promise<unknown>;
  /** The URL of a biller's metadata at one of the instances. */
  metadataUrl(slug: string, instance: 0 | 1, query?: string): string;
  status(slug: string): Promise<KeyStatus & { verdict: Verdict }>;
  /** Signs the portal user CANARY on, at one of the instances. @returns whether the Service Provider accepts it */
  signOnAsCanary(slug: string, instance: 0 | 1): Promise<boolean>;
  /** Lets ten minutes pass for the retiring keys. */
  passTenMinutes(): Promise<void>;
  /** Resolves when every biller has had this many more sign-ons. */
  signOns(more: number): Promise<void>;
  end(): Promise<void>;
}

const EMAIL = 'pat@example.com';
export const CANARY = 'canary@example.com';
const PASSWORD = 'correct horse battery';
const ACS = 'https://sp.example/acs';
const entityIdOf = (slug: string) => `https://sp.example/${slug}`;

async function listen(connection: TestConnection): Promise<{ server: FastifyInstance; url: string }> {
  const server = await createServer(connection.services, {
    logger: pino({ level: 'silent' }),
    settings: { TRUST_PROXY: undefined },
  });
  return { server, url: await server.listen({ port: 0, host: '127.0.0.1' }) };
}

/**
 * Starts the drill.
 *
 * @param kinds the kind of each biller's Service Provider, by slug
 * @param pauseMs pause between two sign-ons of a biller at an instance
 */
export async function startDrill(kinds: Record<string, PartyKind>, pauseMs: number): Promise<Drill> {
  const storage = await createTestStorage('postgresql');
  const url = storage.environment.DATABASE_URL ?? '';
  const cables = [await layCable(url), await layCable(url)] as const;
  const connections = [await storage.open(cables[0].url), await storage.open(cables[1].url)] as const;
  const operators = await storage.open();
  const instances = [await listen(connections[0]), await listen(connections[1])] as const;
  const operate = (name: string, input: Record<string, unknown>) =>
    runNamed(operators.services, name, input, actorWithEveryRole('drill'));
  const metadataUrl = (slug: string, instance: 0 | 1, query = '') =>
    `${instances[instance].url}/saml/${slug}/metadata${query}`;

  const billers: Drilled[] = [];
  for (const [slug, kind] of Object.entries(kinds)) {
    const settings = kind === 'refetches' ? { rotation: 'overlap' } : {};
    const input = {
      slug,
      name: slug,
      billerGuid: crypto.randomUUID(),
      entityId: entityIdOf(slug),
      acs: [ACS],
      settings,
    };
    await operate('biller.add', input);
    for (const email of [EMAIL, CANARY]) {
      await operate('user.add', { biller: slug, email, password: PASSWORD, accounts: ['101Invoice:owner'] });
    }
    const party = createRelyingParty(kind, entityIdOf(slug), ACS);
    await party.save(metadataUrl(slug, 0));
    billers.push({ slug, party, accepted: 0, refused: [] });
  }

  let running = true;
  /** A re-fetching Service Provider does so continuously, at either instance. */
  async function keepFetching({ slug, party }: Drilled): Promise<void> {
    for (let turn = 0; running; turn += 1) {
      await party.save(metadataUrl(slug, turn % 2 === 0 ? 0 : 1));
      await setTimeout(50);
    }
  }
  const fetching = billers.filter(({ slug }) => kinds[slug] === 'refetches').map(keepFetching);
  const signingOn = billers.map((biller) =>
    startSignOns({
      urls: instances.map(({ url }) => url),
      slug: biller.slug,
      entityId: entityIdOf(biller.slug),
      email: EMAIL,
      password: PASSWORD,
      party: biller.party,
      counts: biller,
      pauseMs,
    }),
  );

  return {
    billers,
    cables,
    operate,
    metadataUrl,
    async status(slug) {
      const [found] = (await operate('key.status', { billers: [slug] })) as (KeyStatus & { verdict: Verdict })[];
      if (found === undefined) throw new Error(`there is no biller ${slug}`);
      return found;
    },
    async signOnAsCanary(slug, instance) {
      const client = createPortalClient(instances[instance].url);
      await client.signIn(slug, CANARY, PASSWORD);
      const response = samlResponseIn((await client.signOn(slug, entityIdOf(slug))).body);
      client.close();
      const biller = billers.find((one) => one.slug === slug);
      if (response === undefined || biller === undefined) throw new Error(`there was no sign-on at ${slug}`);
      return biller.party.accepts(response);
    },
    async passTenMinutes() {
      const { db } = operators.database;
      const stateSince = sql<Date>`state_since - interval '10 minutes'`;
      await db.updateTable('signingKeys').set({ stateSince }).where('state', '=', 'retiring').execute();
    },
    async signOns(more) {
      await Promise.all(signingOn.map((biller) => biller.more(more)));
    },
    async end() {
      running = false;
      for (const cable of cables) {
        cable.resume();
        cable.delay(0);
      }
      await Promise.all([...fetching, ...signingOn.map((biller) => biller.end())]);
      for (const { server } of instances) {
        const closed = once(server.server, 'close');
        await server.close();
        await closed;
      }
      for (const connection of [...connections, operators]) await connection.close();
      for (const cable of cables) await cable.cut();
      await storage.remove();
    },
  };
}
