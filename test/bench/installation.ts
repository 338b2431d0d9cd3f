import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings } from '../../src/config.ts';
import { openInstallation } from '../../src/installation.ts';
import { runOperation } from '../../src/operators/operations.ts';
import type { SignChoice } from '../../src/saml/response.ts';
import { SESSION_COOKIE } from '../../src/sessions/cookies.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { freePort } from './process.ts';

export type DatabaseKind = 'PostgreSQL' | 'PGlite';

/** Somebody who is signed in at a biller, and what a request for them must say. */
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
  /** By what the biller signs. */
  readonly signedIn: Readonly<Record<SignChoice, readonly SignedIn[]>>;
  remove(): Promise<void>;
}

export const SP_ENTITY_ID = 'https://sso.invoicecloud.example/saml';
export const ACS = 'https://sso.invoicecloud.example/saml/acs';

const CHOICES = ['assertion', 'both'] as const;

/**
 * Sets up an installation with a biller that signs the assertion and one that signs both, and portal users who are
 * signed in.
 *
 * @param postgresUrl a server to make a database on; without it the embedded database
 * @param users signed-in portal users per biller
 */
export async function setUpInstallation(postgresUrl: string | undefined, users: number): Promise<BenchInstallation> {
  const folder = await mkdtemp(join(tmpdir(), 'ic-idp-bench-'));
  const database = postgresUrl === undefined ? undefined : await createTestDatabase(postgresUrl);
  const port = await freePort();
  const environment = {
    PORT: String(port),
    MASTER_KEY: randomBytes(32).toString('base64'),
    ...(database === undefined ? { DATA_DIR: join(folder, 'data') } : { DATABASE_URL: database.url }),
  };
  const signedIn: Record<SignChoice, SignedIn[]> = { assertion: [], both: [], response: [] };
  const installation = await openInstallation(readSettings(environment, {}));
  if (installation === undefined) throw new Error('The fresh database is in use.');
  const { services } = installation;
  const actor = { name: 'bench' };
  for (const sign of CHOICES) {
    const slug = `signs-${sign}`;
    await runOperation(
      services,
      'biller.add',
      {
        slug,
        name: 'Riverton Water',
        billerGuid: crypto.randomUUID(),
        entityId: SP_ENTITY_ID,
        acs: [ACS],
        settings: { sign },
      },
      actor,
    );
    const biller = await services.billers.bySlug(slug);
    for (let number = 0; number < users; number += 1) {
      const email = `user-${number}@example.com`;
      const password = randomBytes(12).toString('hex');
      const account = `${100 + number}Invoice:owner`;
      const user = (await runOperation(
        services,
        'user.add',
        { biller: slug, email, password, accounts: [account] },
        actor,
      )) as { id: string };
      const id = await services.sessions.start(biller, user.id, undefined);
      signedIn[sign].push({ ssoUrl: biller.ssoUrl, cookie: `${SESSION_COOKIE}=${id}` });
    }
  }
  await installation.close();
  return {
    kind: database === undefined ? 'PGlite' : 'PostgreSQL',
    port,
    folder,
    environment,
    signedIn,
    async remove() {
      await database?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
