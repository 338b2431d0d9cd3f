import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actorWithEveryRole } from '../src/admin/operations/operation.ts';
import { runOperation } from '../src/admin/operations/run.ts';
import type { Services } from '../src/app.ts';
import { readSettings } from '../src/config.ts';
import type { Biller } from '../src/core/billers/biller.ts';
import { findUser } from '../src/core/portal-users/store.ts';
import { sessionCookie as cookieOf } from '../src/endpoints/session-cookie.ts';
import { openInstallation } from '../src/installation.ts';
import type { SignChoice } from '../src/protocols/saml/writing/response.ts';
import { createTestDatabase } from '../test/support/postgres/postgres.ts';
import { freePort } from '../test/support/programs/free-port.ts';

export type DatabaseKind = 'PostgreSQL' | 'embedded';

/** A portal user who is signed in at a biller, and what a request for them must contain. */
export interface SignedIn {
  readonly ssoUrl: string;
  readonly cookie: string;
}

/** An installation that is set up and not running: where its service is to be started, and how. */
export interface BenchInstallation {
  readonly kind: DatabaseKind;
  readonly port: number;
  /** The service's working folder, with no `.env` in it. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export const SP_ENTITY_ID = 'https://sso.invoicecloud.example/saml';
export const ACS = 'https://sso.invoicecloud.example/saml/acs';

/**
 * Makes the settings of an installation whose database is still empty.
 *
 * @param postgresUrl a server to make a database on; without it the embedded database
 */
export async function prepareInstallation(postgresUrl: string | undefined): Promise<BenchInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'ic-idp-bench-'));
  const database = postgresUrl === undefined ? undefined : await createTestDatabase(postgresUrl);
  const port = await freePort();
  return {
    kind: database === undefined ? 'embedded' : 'PostgreSQL',
    port,
    folder,
    environment: {
      PORT: String(port),
      MASTER_KEY: randomBytes(32).toString('base64'),
      ...(database === undefined ? { DATA_DIR: join(folder, 'data') } : { DATABASE_URL: database.url }),
    },
    async remove() {
      await database?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens an installation that no service runs on, as a command would. @param work what to do with it */
export async function withServices<Result>(
  { environment }: BenchInstallation,
  work: (services: Services) => Promise<Result>,
): Promise<Result> {
  const installation = await openInstallation(readSettings(environment, {}));
  try {
    return await work(installation.services);
  } finally {
    await installation.close();
  }
}

const ACTOR = actorWithEveryRole('bench');

/** Adds a biller that signs the given elements. @returns it, as sign-ons see it */
export async function addBiller(services: Services, slug: string, sign: SignChoice): Promise<Biller> {
  const input = {
    slug,
    name: 'Riverton Water',
    billerGuid: crypto.randomUUID(),
    entityId: SP_ENTITY_ID,
    acs: [ACS],
    sameServiceProvider: true,
    settings: { sign },
  };
  await runOperation(services, 'biller.add', input, ACTOR);
  return services.billers.bySlug(slug);
}

/** Adds a portal user with one account, and signs them in. */
export async function signInNewUser(services: Services, biller: Biller, number: number): Promise<SignedIn> {
  const input = {
    biller: biller.slug,
    email: `user-${number}@example.com`,
    password: randomBytes(12).toString('hex'),
    accounts: [`${100 + number}Invoice:owner`],
  };
  await runOperation(services, 'user.add', input, ACTOR);
  return { ssoUrl: biller.ssoUrl, cookie: await sessionCookie(services, biller, input.email) };
}

/** Signs a portal user in. @returns what the browser sends back */
export async function sessionCookie(services: Services, biller: Biller, email: string): Promise<string> {
  const { database, sessions } = services;
  const user = await findUser(database.db, biller.id, email);
  if (user === undefined) throw new Error(`There is no portal user ${email}.`);
  const id = await database.transaction((transaction) => sessions.start(transaction, biller, user, undefined));
  return `${cookieOf(biller)}=${id}`;
}
