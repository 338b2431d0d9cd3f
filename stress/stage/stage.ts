import { rmSync } from 'node:fs';
import type pg from 'pg';
import { type BenchInstallation, type DatabaseKind, prepareInstallation } from '../../bench/installation.ts';
import { openEmbeddedServer } from '../../src/platform/database/embedded/embedded-server.ts';
import { createPortalClient, type PortalClient } from '../../test/support/browser/portal-client.ts';
import { type Cable, layCable } from '../../test/support/postgres/cable.ts';
import { endServer, endServersBelow } from '../../test/support/postgres/embedded-server.ts';
import { type PostgresServer, startPostgres } from '../../test/support/postgres/postgres-server.ts';
import { freePort } from '../../test/support/programs/free-port.ts';
import { createInstance, type Instance } from './instance.ts';
import { createOperator, type Operator } from './operator.ts';
import { queryAt } from './query-at.ts';

export const BILLER = 'riverton';
export const EMAIL = 'pat@example.com';
export const PASSWORD = 'correct horse battery';
export const ACS = 'https://sp.example/acs';
export const entityIdOf = (biller: string) => `https://sp.example/${biller}`;

/** An installation under stress: instances, their database, and what lies between. */
export interface Stage {
  readonly folder: string;
  readonly instances: readonly Instance[];
  /** The first one. */
  readonly instance: Instance;
  /** The way of each instance to PostgreSQL; the embedded database has none. */
  readonly cables: readonly Cable[];
  /** That of the first instance. @throws Error on the embedded database */
  readonly cable: Cable;
  /** PostgreSQL's own server; undefined on the embedded database. */
  readonly postgres: PostgresServer | undefined;
  /** Reaches the database directly. */
  readonly operator: Operator;
  /** A browser that is signed in. @param instance the one that it talks to */
  signedIn(instance?: Instance): PortalClient;
  addBiller(slug: string, ...options: readonly string[]): Promise<void>;
  /** Asks the database directly. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface StageOptions {
  readonly instances?: number;
  /** Settings of the service besides those that it needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Options of `biller add` for the first biller. */
  readonly biller?: readonly string[];
  /** Where the instances log to; files by default. */
  readonly output?: number;
  /** The folder of the embedded database; one in the working folder by default. */
  readonly dataDir?: string;
}

interface Cleanup {
  /** Does what can be done when the program exits in the middle of it. */
  atOnce(): void;
  orderly(): Promise<void>;
}

/** Sets a stage with a biller and a portal user, lets `work` use it, and clears it away. */
export async function withStage<Result>(
  kind: DatabaseKind,
  options: StageOptions,
  work: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const cleanups: Cleanup[] = [];
  const atExit = () => {
    for (const { atOnce } of cleanups.toReversed()) atOnce();
  };
  // Before what the stage stands on is removed.
  process.prependOnceListener('exit', atExit);
  const [outcome] = await Promise.allSettled([setStage(kind, options, cleanups).then(work)]);
  const ends: PromiseSettledResult<void>[] = [];
  for (const { orderly } of cleanups.toReversed()) ends.push(...(await Promise.allSettled([orderly()])));
  process.off('exit', atExit);
  if (outcome.status === 'rejected') throw outcome.reason;
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return outcome.value;
}

type Settings = Readonly<Record<string, string>>;

/** Starts the instances, each at the end of its own cable. */
async function startInstances(
  { folder, port }: BenchInstallation,
  settings: Settings,
  options: StageOptions,
  cleanups: Cleanup[],
): Promise<{ instances: Instance[]; cables: Cable[] }> {
  const { DATABASE_URL } = settings;
  const { instances: count = 1, output } = options;
  const cables: Cable[] = [];
  const instances: Instance[] = [];
  for (let number = 0; number < count; number += 1) {
    const cable = DATABASE_URL === undefined ? undefined : await layCable(DATABASE_URL);
    if (cable !== undefined) cables.push(cable);
    const instance = createInstance({
      port: number === 0 ? port : await freePort(),
      folder,
      environment: cable === undefined ? settings : { ...settings, DATABASE_URL: cable.url },
      ...(output === undefined ? {} : { output }),
    });
    cleanups.push({
      atOnce: () => instance.kill(),
      async orderly() {
        await instance.end('SIGKILL');
        await cable?.cut();
      },
    });
    await instance.start();
    instances.push(instance);
  }
  return { instances, cables };
}

async function setStage(kind: DatabaseKind, options: StageOptions, cleanups: Cleanup[]): Promise<Stage> {
  const postgres = kind === 'PostgreSQL' ? await startPostgres([], true) : undefined;
  // The pipe to its keeper closes when this program exits.
  if (postgres !== undefined) cleanups.push({ atOnce: () => undefined, orderly: postgres.stop });
  const installation = await prepareInstallation(postgres?.url);
  const { folder } = installation;
  cleanups.push(removalOf(installation, options.dataDir));
  const settings = settingsOf(installation, options);
  const { DATABASE_URL, DATA_DIR = '' } = settings;
  const { instances, cables } = await startInstances(installation, settings, options, cleanups);
  const [first] = instances;
  if (first === undefined) throw new Error('A stage needs an instance.');
  const operator = createOperator({ folder, env: settings });
  const cookies = new Map<string, string>();
  const stage: Stage = {
    folder,
    instances,
    instance: first,
    cables,
    get cable() {
      const [cable] = cables;
      if (cable === undefined) throw new Error('The embedded database has no cable.');
      return cable;
    },
    postgres,
    operator,
    signedIn(instance = first) {
      const client = createPortalClient(instance.url);
      for (const [name, value] of cookies) client.cookies.set(name, value);
      return client;
    },
    async addBiller(slug, ...more) {
      const entity = ['--entity-id', entityIdOf(slug), '--acs', ACS];
      await operator.run(['biller', 'add', slug, '--name', slug, '--guid', crypto.randomUUID(), ...entity, ...more]);
    },
    async query(text, values = []) {
      if (DATABASE_URL !== undefined) return queryAt(DATABASE_URL, text, values);
      const embedded = await openEmbeddedServer(DATA_DIR);
      try {
        return await queryAt(embedded.url, text, values);
      } finally {
        await embedded.release();
      }
    },
  };
  await stage.addBiller(BILLER, ...(options.biller ?? []));
  await operator.run(['user', 'add', BILLER, EMAIL, '--account', '101Invoice:owner'], PASSWORD);
  const client = createPortalClient(first.url);
  await client.signIn(BILLER, EMAIL, PASSWORD);
  for (const [name, value] of client.cookies) cookies.set(name, value);
  client.close();
  return stage;
}

/** The settings as an operator gives them: the embedded database's master key is a file that the service makes. */
function settingsOf({ environment, kind, port }: BenchInstallation, { dataDir, settings }: StageOptions): Settings {
  const { MASTER_KEY = '', ...rest } = environment;
  return {
    ...rest,
    ...(kind === 'embedded' ? {} : { MASTER_KEY }),
    ...(dataDir === undefined ? {} : { DATA_DIR: dataDir }),
    PUBLIC_URL: `http://localhost:${port}`,
    ...settings,
  };
}

function removalOf(installation: BenchInstallation, dataDir: string | undefined): Cleanup {
  const { folder, environment } = installation;
  return {
    atOnce() {
      for (const place of [folder, ...(dataDir === undefined ? [] : [dataDir])]) endServersBelow(place);
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
    async orderly() {
      const { DATA_DIR } = environment;
      if (DATA_DIR !== undefined) await endServer(dataDir ?? DATA_DIR);
      await installation.remove();
    },
  };
}
