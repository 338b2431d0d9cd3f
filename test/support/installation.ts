import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { inject } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServices, type Services } from '../../src/app.ts';
import { openKeyedHash } from '../../src/core/audit/keyed-hash.ts';
import type { Hsm } from '../../src/core/keys/hsm/hsm.ts';
import { createMasterKey } from '../../src/core/secrets/master-key.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { openEmbedded } from '../../src/platform/database/open.ts';
import { openPostgresql } from '../../src/platform/database/postgresql.ts';
import { makeDataDir } from './postgres/embedded-server.ts';
import { layEmbeddedDatabase } from './postgres/embedded-template.ts';
import { createTestDatabase } from './postgres/postgres.ts';

/** The ACS of test billers, unless a test says otherwise. */
export const TEST_ACS = 'https://sp.example/acs';
export const TEST_SP = 'https://sp.example/metadata';

/** A service under test, in this process: the real services and HTTP server over its own database. */
export interface TestInstallation {
  readonly services: Services;
  /** Not listening: `server.inject`, or `await server.listen({ port: 0, host: '127.0.0.1' })`. */
  readonly server: FastifyInstance;
  readonly publicUrl: string;
  /** The master key: 32 bytes in base64. */
  readonly masterKey: string;
  /** Runs an operator's operation, as the command line would. */
  operate(name: string, input: unknown): Promise<unknown>;
  /** Adds a biller whose SP is TEST_SP at TEST_ACS; `input` goes over that. */
  addBiller(slug: string, input?: Record<string, unknown>): Promise<void>;
  /** Adds a portal user. @param accounts `<number>:<role>` */
  addUser(biller: string, email: string, password: string, accounts: readonly string[]): Promise<void>;
  /** Closes server and database, and removes both. */
  close(): Promise<void>;
}

export interface InstallationOptions {
  /** Uses an embedded PostgreSQL in its own DATA_DIR instead of an external one. */
  readonly embedded?: boolean;
  /** A server to make the database on, if not the one of the tests. */
  readonly postgresUrl?: string | undefined;
  /** An existing installation, whose database is kept at the end; without it a new, empty one. */
  readonly existing?: { readonly url: string; readonly masterKey: string };
  readonly publicUrl?: string;
  readonly clock?: () => number;
  readonly logger?: Logger;
  readonly trustProxy?: string;
  readonly securityContact?: string;
  /** An HSM; closed with the installation. */
  readonly hsm?: Hsm;
}

async function databaseOn(postgresUrl: string) {
  const { url, drop } = await createTestDatabase(postgresUrl);
  return { database: await openPostgresql(url), drop };
}

async function embeddedDatabase() {
  const { dataDir, remove } = await makeDataDir();
  await layEmbeddedDatabase(dataDir);
  return { database: await openEmbedded(dataDir), drop: remove };
}

/**
 * Starts an installation. A test file gets its own by `useStage`, which adds a biller and a portal user and closes it
 * at the end; this is for a test that starts one itself, or opens one that exists.
 *
 * @throws if the database cannot be opened
 */
export async function startInstallation(options: InstallationOptions = {}): Promise<TestInstallation> {
  const {
    postgresUrl = inject('postgresUrl'),
    existing,
    publicUrl = 'https://idp.example',
    logger = pino({ level: 'silent' }),
  } = options;
  const key = existing?.masterKey ?? randomBytes(32).toString('base64');
  const { database, drop } = options.embedded
    ? await embeddedDatabase()
    : existing === undefined
      ? await databaseOn(postgresUrl)
      : { database: await openPostgresql(existing.url), drop: async () => undefined };
  const masterKey = createMasterKey(key);
  const services = createServices({
    publicUrl,
    database,
    masterKey,
    keyedHash: await openKeyedHash(database.db, masterKey),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    hsm: options.hsm,
  });
  const { trustProxy: TRUST_PROXY, securityContact: SECURITY_CONTACT } = options;
  const server = await createServer(services, { logger, settings: { TRUST_PROXY, SECURITY_CONTACT } });
  const operate = async (name: string, input: unknown) => {
    // Failed sign-ins are answered before they are in the audit.
    await services.audit.drained();
    return runNamed(services, name, input, actorWithEveryRole('test'));
  };
  return {
    services,
    server,
    publicUrl,
    masterKey: key,
    operate,
    async addBiller(slug, input = {}) {
      await operate('biller.add', {
        slug,
        name: 'Riverton Water',
        billerGuid: crypto.randomUUID(),
        ...('spMetadata' in input ? {} : { entityId: TEST_SP, acs: [TEST_ACS] }),
        sameServiceProvider: true,
        ...input,
      });
    },
    async addUser(biller, email, password, accounts) {
      await operate('user.add', { biller, email, password, accounts });
    },
    async close() {
      await server.close();
      await services.audit.drained();
      options.hsm?.close();
      await database.close();
      await drop();
    },
  };
}
