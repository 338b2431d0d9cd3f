import type { BenchInstallation, DatabaseKind, SignedIn } from '../installation.ts';
import { cpuOf, type Helper, mainThreadCpuOf } from '../process.ts';
import { type Contender, median, medianRatio } from '../rounds.ts';
import type { Service } from '../service.ts';
import type { Row, Table } from '../table.ts';
import type { LoadOrder, LoadResult } from './load.ts';

/** As many sign-ons at a time as keep the service busy while others wait for the database to commit. */
export const FULL_LOAD = 64;

const ROUND_MS = 1_200;
const WARM_UP_MS = 4_000;

/** CPU of the service's process for one sign-on, in CPU of one raw signature, on PostgreSQL. */
const GOALS = { assertion: 1.5, both: 2.5 } as const;
type Sign = keyof typeof GOALS;

/** One round: how many, and what one of them cost the process that did it. Milliseconds of CPU. */
export interface Round {
  readonly perSecond: number;
  readonly cpu: number;
  readonly mainThreadCpu: number;
}
export type Rounds = ReadonlyMap<string, readonly Round[]>;

/** Counts the CPU that a process spends on some work. */
export async function countCpu(
  pid: number,
  work: () => Promise<{ count: number; milliseconds: number }>,
): Promise<Round> {
  const before = { all: cpuOf(pid), main: mainThreadCpuOf(pid) };
  const { count, milliseconds } = await work();
  return {
    perSecond: (count * 1000) / milliseconds,
    cpu: (cpuOf(pid) - before.all) / count,
    mainThreadCpu: (mainThreadCpuOf(pid) - before.main) / count,
  };
}

/** Portal users who are signed in, by what their biller signs. */
export type SignedInBy = Readonly<Record<Sign, readonly SignedIn[]>>;

/** An installation, who is signed in there, and its service while it runs. */
export interface Side {
  readonly installation: BenchInstallation;
  readonly signedIn: SignedInBy;
  service: Service | undefined;
}

interface Case {
  readonly database: DatabaseKind;
  readonly sign: Sign;
  readonly connections: number;
}

const CASES: readonly Case[] = [
  { database: 'PostgreSQL', sign: 'assertion', connections: FULL_LOAD },
  { database: 'PostgreSQL', sign: 'both', connections: FULL_LOAD },
  { database: 'PostgreSQL', sign: 'assertion', connections: 16 },
  { database: 'embedded', sign: 'assertion', connections: FULL_LOAD },
  { database: 'embedded', sign: 'both', connections: FULL_LOAD },
];
const nameOf = ({ database, sign, connections }: Case) => `${database} ${sign} ${connections}`;

function signOnContender(load: Helper, { installation, signedIn, service }: Side, oneCase: Case): Contender<Round> {
  const order = (milliseconds: number): LoadOrder => ({
    kind: 'closed',
    port: installation.port,
    signedIn: signedIn[oneCase.sign],
    connections: oneCase.connections,
    milliseconds,
  });
  let warm = false;
  return {
    name: nameOf(oneCase),
    async round() {
      if (!warm) await load.ask<LoadResult>(order(WARM_UP_MS));
      warm = true;
      return countCpu(service?.pid ?? 0, async () => {
        const { signOns, milliseconds } = await load.ask<LoadResult>(order(ROUND_MS));
        return { count: signOns, milliseconds };
      });
    },
  };
}

/** Raw signatures, and sign-ons of every kind. */
export function costContenders(raw: Helper, load: Helper, sides: readonly Side[]): Contender<Round>[] {
  const rawContender: Contender<Round> = {
    name: 'raw',
    round: () => countCpu(raw.pid, async () => ({ count: await raw.ask<number>(ROUND_MS), milliseconds: ROUND_MS })),
  };
  const signOns = CASES.flatMap((oneCase) =>
    sides
      .filter(({ installation }) => installation.kind === oneCase.database)
      .map((side) => signOnContender(load, side, oneCase)),
  );
  return [rawContender, ...signOns];
}

/** Sign-ons a second at full load, assertion signed. */
export const capacityOf = (results: Rounds, database: DatabaseKind): number =>
  median(
    (results.get(nameOf({ database, sign: 'assertion', connections: FULL_LOAD })) ?? []).map(
      ({ perSecond }) => perSecond,
    ),
  );

export function costTable(results: Rounds): Table {
  const raw = results.get('raw') ?? [];
  const cpuOfRaw = raw.map(({ cpu }) => cpu);
  const rowOf = (oneCase: Case): Row => {
    const { database, sign, connections } = oneCase;
    const rounds = results.get(nameOf(oneCase)) ?? [];
    const cpu = rounds.map((round) => round.cpu);
    const ratio = medianRatio(cpu, cpuOfRaw);
    const goal = database === 'PostgreSQL' && connections === FULL_LOAD ? GOALS[sign] : undefined;
    return {
      database,
      sign,
      connections,
      perSecond: median(rounds.map(({ perSecond }) => perSecond)),
      cpu: median(cpu) * 1000,
      mainThread: median(rounds.map(({ mainThreadCpu }) => mainThreadCpu)) * 1000,
      ratio,
      quietest: Math.min(...cpu) / median(cpuOfRaw),
      goal,
      verdict: goal === undefined ? '' : ratio <= goal ? 'reached' : 'missed',
    };
  };
  const rawRow: Row = {
    database: 'none: raw RSA-2048 signature',
    connections: 1,
    perSecond: median(raw.map(({ perSecond }) => perSecond)),
    cpu: median(cpuOfRaw) * 1000,
    mainThread: median(cpuOfRaw) * 1000,
    ratio: 1,
  };
  return {
    key: 'cost',
    title: 'Whole sign-ons over HTTP, signed in',
    columns: [
      { key: 'database', heading: 'database' },
      { key: 'sign', heading: '--sign' },
      { key: 'connections', heading: 'at a time' },
      { key: 'perSecond', heading: 'a second' },
      { key: 'cpu', heading: 'CPU each, µs' },
      { key: 'mainThread', heading: 'of it main thread' },
      { key: 'ratio', heading: 'in raw signatures', digits: 2 },
      { key: 'quietest', heading: 'best round', digits: 2 },
      { key: 'goal', heading: 'goal', digits: 1 },
      { key: 'verdict', heading: '' },
    ],
    rows: [rawRow, ...CASES.map(rowOf)],
    notes: [
      'CPU is that of the service’s process, as the operating system counts it (utime and stime of /proc/<pid>/stat); the',
      'load and PostgreSQL are separate processes. Neighbors on the machine slow memory down, which costs a sign-on more',
      'than a bare signature: the best round has the fewest.',
    ],
  };
}
