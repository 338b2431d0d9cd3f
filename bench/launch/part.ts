import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runOperation } from '../../src/admin/operations/run.ts';
import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import { countCpu, type Round } from '../http/cost.ts';
import { profiled, WATCHED_SERVICE } from '../http/half-capacity.ts';
import {
  addBiller,
  type BenchInstallation,
  type DatabaseKind,
  prepareInstallation,
  withServices,
} from '../installation.ts';
import { type BenchOptions, type Part, progress } from '../part.ts';
import { type Helper, startHelper } from '../process.ts';
import { type Contender, median, medianRatio, takeTurns } from '../rounds.ts';
import { type Service, startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { type LaunchOrder, type LaunchResult, PORTAL, STEPS, type Step } from './load.ts';

const ROUNDS = 8;
const ROUND_MS = 1_200;
const WARM_UP_MS = 4_000;
const CONNECTIONS = 64;
/** Each has a limit of calls a minute. */
const KEYS = 20;
/** CPU of the service's process for a whole launch, in CPU of one raw signature, on PostgreSQL. */
const GOAL = 3;

/** An installation with a biller whose portal has API keys, and its service while it runs. */
interface Side {
  readonly installation: BenchInstallation;
  readonly ssoUrl: string;
  readonly keys: readonly string[];
  readonly service: Service;
}

async function prepare(url: string | undefined): Promise<Side> {
  const installation = await prepareInstallation(url);
  const { ssoUrl, keys } = await withServices(installation, async (services) => {
    const actor = actorWithEveryRole('bench');
    const biller = await addBiller(services, 'riverton', 'assertion');
    await runOperation(services, 'biller.update', { slug: biller.slug, settings: { portalUrl: PORTAL } }, actor);
    const keys: string[] = [];
    for (let count = 0; count < KEYS; count += 1) {
      keys.push((await runOperation(services, 'api-key.add', { biller: biller.slug, role: 'portal' }, actor)).key);
    }
    return { ssoUrl: biller.ssoUrl, keys };
  });
  return { installation, ssoUrl, keys, service: await startService(installation) };
}

const nameOf = (kind: DatabaseKind, step: Step) => `${kind} ${step}`;

function contender(load: Helper, { installation, ssoUrl, keys, service }: Side, step: Step): Contender<Round> {
  const order = (milliseconds: number): LaunchOrder => ({
    port: installation.port,
    ssoUrl,
    keys,
    step,
    connections: CONNECTIONS,
    milliseconds,
    // Other portal users for each contender: those of before are known, as in a portal.
    users: 1_000 * (1 + STEPS.indexOf(step)),
  });
  let warm = false;
  return {
    name: nameOf(installation.kind, step),
    async round() {
      if (!warm) await load.ask<LaunchResult>(order(WARM_UP_MS));
      warm = true;
      return countCpu(service.pid, async () => {
        const { launches, milliseconds } = await load.ask<LaunchResult>(order(ROUND_MS));
        return { count: launches, milliseconds };
      });
    },
  };
}

function tableOf(results: ReadonlyMap<string, readonly Round[]>, kinds: readonly DatabaseKind[]): Table {
  const raw = (results.get('raw') ?? []).map(({ cpu }) => cpu);
  const rows = kinds.flatMap((database) => {
    let before = 0;
    return STEPS.map((step): Row => {
      const rounds = results.get(nameOf(database, step)) ?? [];
      const cpu = rounds.map((round) => round.cpu);
      const ratio = medianRatio(cpu, raw);
      const added = ratio - before;
      before = ratio;
      const goal = database === 'PostgreSQL' && step === 'signed on' ? GOAL : undefined;
      return {
        database,
        step,
        perSecond: median(rounds.map(({ perSecond }) => perSecond)),
        cpu: median(cpu) * 1000,
        ratio,
        added,
        quietest: Math.min(...cpu) / median(raw),
        goal,
        verdict: goal === undefined ? '' : ratio <= goal ? 'reached' : 'missed',
      };
    });
  });
  const rawRow: Row = { database: 'none: raw RSA-2048 signature', cpu: median(raw) * 1000, ratio: 1 };
  return {
    key: 'launch',
    title: 'Launches by ticket over HTTP, of portal users who are known',
    columns: [
      { key: 'database', heading: 'database' },
      { key: 'step', heading: 'up to' },
      { key: 'perSecond', heading: 'a second' },
      { key: 'cpu', heading: 'CPU each, µs' },
      { key: 'ratio', heading: 'in raw signatures', digits: 2 },
      { key: 'added', heading: 'of it this step', digits: 2 },
      { key: 'quietest', heading: 'best round', digits: 2 },
      { key: 'goal', heading: 'goal', digits: 1 },
      { key: 'verdict', heading: '' },
    ],
    rows: [rawRow, ...rows],
    notes: [
      'Asked for: POST /api/launches with an Idempotency-Key. Followed: GET of its address, a session begins. Signed on: a',
      'fresh AuthnRequest, a signed assertion. CPU is that of the service’s process, as the operating system counts it.',
    ],
  };
}

/** Where the CPU of whole launches goes, on a service that is watched. */
async function whereTheCpuGoes(load: Helper, { installation, ssoUrl, keys }: Side): Promise<Table[]> {
  progress('launch: profile');
  const service = await startService(installation, WATCHED_SERVICE);
  const shared = { port: installation.port, ssoUrl, keys, connections: CONNECTIONS, users: 9_000 };
  const order = (milliseconds: number): LaunchOrder => ({ ...shared, step: 'signed on', milliseconds });
  try {
    await load.ask<LaunchResult>(order(WARM_UP_MS));
    return await profiled(service, `${installation.kind}, whole launches`, async () => {
      const { launches } = await load.ask<LaunchResult>(order(2 * WARM_UP_MS));
      return launches;
    });
  } finally {
    await service.stop();
  }
}

async function run(options: BenchOptions): Promise<Table[]> {
  const postgres = await startPostgres();
  const raw = startHelper(new URL('../http/raw-signatures.ts', import.meta.url));
  const load = startHelper(new URL('./load.ts', import.meta.url));
  const sides: Side[] = [];
  try {
    progress('launch: setting up the installations');
    for (const url of [postgres.url, undefined]) sides.push(await prepare(url));
    progress('launch: launches, in turns with raw signatures');
    const rawContender: Contender<Round> = {
      name: 'raw',
      round: () => countCpu(raw.pid, async () => ({ count: await raw.ask<number>(ROUND_MS), milliseconds: ROUND_MS })),
    };
    const launches = sides.flatMap((side) => STEPS.map((step) => contender(load, side, step)));
    const results = await takeTurns([rawContender, ...launches], ROUNDS);
    const kinds = sides.map(({ installation }) => installation.kind);
    const tables = [tableOf(results, kinds)];
    const [first] = sides;
    if (!options.profile || first === undefined) return tables;
    await first.service.stop();
    return [...tables, ...(await whereTheCpuGoes(load, first))];
  } finally {
    await load.stop();
    await raw.stop();
    for (const { service, installation } of sides) {
      await service.stop();
      await installation.remove();
    }
    await postgres.stop();
  }
}

export const launch: Part = {
  name: 'launch',
  purpose: 'whole launches over HTTP: the call of the API, the ticket, the sign-on; rate and CPU',
  quick: true,
  run,
};
