import { startPostgres } from '../../support/postgres-server.ts';
import { type BenchInstallation, type DatabaseKind, setUpInstallation } from '../installation.ts';
import { type BenchOptions, type Part, progress } from '../part.ts';
import { cpuOf, type Helper, mainThreadCpuOf, startHelper } from '../process.ts';
import { type Contender, median, takeTurns } from '../rounds.ts';
import { type Service, startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { halfCapacity, halfCapacityTable, whereTheCpuGoes } from './half-capacity.ts';
import type { LoadOrder, LoadResult } from './load.ts';

const USERS = 100;
const CONNECTIONS = 16;
const ROUND_MS = 1_200;
const ROUNDS = 8;
const WARM_UP_MS = 4_000;

/** CPU of the service's process for one sign-on, in CPU of one raw signature. */
const GOALS: Readonly<Record<string, number>> = { assertion: 1.5, both: 2.5 };
const SIGNS = ['assertion', 'both'] as const;

/** One round: how many, and what one of them cost the process that did it. Milliseconds of CPU. */
interface Round {
  readonly perSecond: number;
  readonly cpu: number;
  readonly mainThreadCpu: number;
}

async function countCpu(pid: number, work: () => Promise<{ count: number; milliseconds: number }>): Promise<Round> {
  const before = { all: cpuOf(pid), main: mainThreadCpuOf(pid) };
  const { count, milliseconds } = await work();
  return {
    perSecond: (count * 1000) / milliseconds,
    cpu: (cpuOf(pid) - before.all) / count,
    mainThreadCpu: (mainThreadCpuOf(pid) - before.main) / count,
  };
}

function rawContender(raw: Helper): Contender<Round> {
  return {
    name: 'raw',
    round: () => countCpu(raw.pid, async () => ({ count: await raw.ask<number>(ROUND_MS), milliseconds: ROUND_MS })),
  };
}

interface Side {
  readonly installation: BenchInstallation;
  readonly service: Service;
}

function signOnContender(load: Helper, side: Side, sign: (typeof SIGNS)[number]): Contender<Round> {
  const { installation, service } = side;
  const order = (milliseconds: number): LoadOrder => ({
    kind: 'closed',
    port: installation.port,
    signedIn: installation.signedIn[sign],
    connections: CONNECTIONS,
    milliseconds,
  });
  let warm = false;
  return {
    name: `${installation.kind} ${sign}`,
    async round() {
      if (!warm) await load.ask<LoadResult>(order(WARM_UP_MS));
      warm = true;
      return countCpu(service.pid, async () => {
        const { signOns, milliseconds } = await load.ask<LoadResult>(order(ROUND_MS));
        return { count: signOns, milliseconds };
      });
    },
  };
}

function costTable(results: ReadonlyMap<string, Round[]>, kinds: readonly DatabaseKind[]): Table {
  const raw = results.get('raw') ?? [];
  const rows: Row[] = [
    {
      database: '',
      sign: 'raw RSA-2048 signature',
      perSecond: median(raw.map(({ perSecond }) => perSecond)),
      cpu: median(raw.map(({ cpu }) => cpu)) * 1000,
      ratio: 1,
    },
  ];
  for (const database of kinds) {
    for (const sign of SIGNS) {
      const rounds = results.get(`${database} ${sign}`) ?? [];
      const ratio = median(rounds.map(({ cpu }, round) => cpu / (raw[round]?.cpu ?? Number.NaN)));
      const goal = database === 'PostgreSQL' ? GOALS[sign] : undefined;
      rows.push({
        database,
        sign,
        perSecond: median(rounds.map(({ perSecond }) => perSecond)),
        cpu: median(rounds.map(({ cpu }) => cpu)) * 1000,
        mainThread: median(rounds.map(({ mainThreadCpu }) => mainThreadCpu)) * 1000,
        ratio,
        goal,
        verdict: goal === undefined ? '' : ratio <= goal ? 'reached' : 'missed',
      });
    }
  }
  return {
    key: 'cost',
    title: `Whole sign-ons over HTTP, signed in, ${CONNECTIONS} at a time`,
    columns: [
      { key: 'database', heading: 'database' },
      { key: 'sign', heading: '--sign' },
      { key: 'perSecond', heading: 'a second' },
      { key: 'cpu', heading: 'CPU each, µs' },
      { key: 'mainThread', heading: 'main thread' },
      { key: 'ratio', heading: 'in raw signatures', digits: 2 },
      { key: 'goal', heading: 'goal', digits: 1 },
      { key: 'verdict', heading: '' },
    ],
    rows,
    notes: [
      'CPU is that of the service’s process, as the operating system counts it (utime and stime of /proc/<pid>/stat); the',
      'load is a process of its own, and so is PostgreSQL. Embedded, the database’s work counts as the service’s.',
    ],
  };
}

async function run(options: BenchOptions): Promise<Table[]> {
  const postgres = await startPostgres();
  const raw = startHelper(new URL('./raw-signatures.ts', import.meta.url));
  const load = startHelper(new URL('./load.ts', import.meta.url));
  const installations: BenchInstallation[] = [];
  const services: Service[] = [];
  try {
    progress('http: setting up the installations');
    for (const url of [postgres.url, undefined]) installations.push(await setUpInstallation(url, USERS));
    const sides: Side[] = [];
    for (const installation of installations) {
      const service = await startService(installation);
      services.push(service);
      sides.push({ installation, service });
    }
    progress('http: sign-ons, in turns with raw signatures');
    const results = await takeTurns(
      [rawContender(raw), ...sides.flatMap((side) => SIGNS.map((sign) => signOnContender(load, side, sign)))],
      ROUNDS,
    );
    for (const service of services.splice(0)) await service.stop();
    const kinds = installations.map(({ kind }) => kind);
    const rows: Row[] = [];
    for (const installation of installations) {
      rows.push(await halfCapacity(installation, load, capacityOf(results, installation.kind)));
    }
    const tables = [costTable(results, kinds), halfCapacityTable(rows)];
    const [first] = installations;
    if (options.profile && first !== undefined) tables.push(...(await whereTheCpuGoes(first, load)));
    return tables;
  } finally {
    await load.stop();
    await raw.stop();
    for (const service of services) await service.stop();
    for (const installation of installations) await installation.remove();
    await postgres.stop();
  }
}

const capacityOf = (results: ReadonlyMap<string, Round[]>, kind: DatabaseKind) =>
  median((results.get(`${kind} assertion`) ?? []).map(({ perSecond }) => perSecond));

export const http: Part = {
  name: 'http',
  purpose: 'whole sign-ons over HTTP with a signed-in session: rate, CPU, latency, the event loop’s longest hold',
  quick: true,
  run,
};
