import { join } from 'node:path';
import { pidOfServer } from '../../test/support/postgres/embedded-server.ts';
import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import { type BenchInstallation, prepareInstallation, withServices } from '../installation.ts';
import { type Part, progress } from '../part.ts';
import { cpuOf, memoryWithChildren, residentMegabytes } from '../process.ts';
import { median } from '../rounds.ts';
import { multiplyBillers } from '../scale/fill.ts';
import { startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { commandTable } from './commands.ts';

/** Each start is repeated this many times; the median counts. */
const STARTS = 5;
/** Memory is read again later, when the service may have given back what only the start needed. */
const SETTLE_MS = 3_000;

interface Start {
  readonly readyAfterMs: number;
  readonly firstAnswerMs: number;
  readonly cpu: number;
  readonly residentMb: number;
  readonly settledMb: number;
  /** Of the embedded PostgreSQL, which consists of separate processes. */
  readonly databaseMb: number | undefined;
}

/** Starts the service, looks at it and stops it. */
async function measureStart(installation: BenchInstallation): Promise<Start> {
  const service = await startService(installation);
  try {
    const [cpu, residentMb] = [cpuOf(service.pid), residentMegabytes(service.pid)];
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const server = pidOfServer(join(installation.folder, 'data'));
    return {
      readyAfterMs: service.readyAfterMs,
      firstAnswerMs: service.firstAnswerMs,
      cpu,
      residentMb,
      settledMb: residentMegabytes(service.pid),
      databaseMb: server && memoryWithChildren(server),
    };
  } finally {
    await service.stop();
  }
}

const middle = (starts: readonly Start[], of: (start: Start) => number) => median(starts.map(of));

const rowOf = (database: string, state: string, starts: readonly Start[]): Row => ({
  database,
  state,
  readyAfterMs: middle(starts, ({ readyAfterMs }) => readyAfterMs),
  firstAnswerMs: middle(starts, ({ firstAnswerMs }) => firstAnswerMs),
  cpu: middle(starts, ({ cpu }) => cpu),
  residentMb: middle(starts, ({ residentMb }) => residentMb),
  settledMb: middle(starts, ({ settledMb }) => settledMb),
  databaseMb: starts[0]?.databaseMb === undefined ? undefined : middle(starts, ({ databaseMb }) => databaseMb ?? 0),
});

async function startsOn(postgresUrl: string | undefined): Promise<Row[]> {
  const cold: Start[] = [];
  const warm: Start[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    const fresh = await prepareInstallation(postgresUrl);
    try {
      cold.push(await measureStart(fresh));
      warm.push(await measureStart(fresh));
    } finally {
      await fresh.remove();
    }
  }
  const kind = postgresUrl === undefined ? 'embedded' : 'PostgreSQL';
  return [rowOf(kind, 'first, on an empty database', cold), rowOf(kind, 'again', warm)];
}

/** The first answer of /health/ready verifies the seal of every key. */
const MANY_BILLERS = 10_000;

async function startWithManyBillers(postgresUrl: string): Promise<Row> {
  const installation = await prepareInstallation(postgresUrl);
  try {
    progress(`startup: ${MANY_BILLERS} billers`);
    await withServices(installation, (services) => multiplyBillers(services, MANY_BILLERS));
    const starts: Start[] = [];
    for (let round = 0; round < STARTS; round += 1) starts.push(await measureStart(installation));
    return rowOf('PostgreSQL', `with ${MANY_BILLERS.toLocaleString('en-US')} billers`, starts);
  } finally {
    await installation.remove();
  }
}

async function run(): Promise<Table[]> {
  const postgres = await startPostgres();
  try {
    const rows: Row[] = [];
    for (const url of [postgres.url, undefined]) {
      progress(`startup: ${url === undefined ? 'embedded' : 'PostgreSQL'}`);
      rows.push(...(await startsOn(url)));
    }
    rows.push(await startWithManyBillers(postgres.url));
    progress('startup: commands');
    const commands = await commandTable(postgres.url);
    return [
      {
        key: 'starts',
        title: 'From the start of the process to the first 200 of /health/ready',
        columns: [
          { key: 'database', heading: 'database' },
          { key: 'state', heading: 'start' },
          { key: 'readyAfterMs', heading: 'ready after, ms' },
          { key: 'firstAnswerMs', heading: 'its first answer took, ms' },
          { key: 'cpu', heading: 'CPU, ms' },
          { key: 'residentMb', heading: 'memory when ready, MB' },
          { key: 'settledMb', heading: `${SETTLE_MS / 1000} s later, MB` },
          { key: 'databaseMb', heading: 'PostgreSQL then, MB' },
        ],
        rows,
        notes: [
          'Memory is what the service’s process holds of physical memory (VmRSS). That of the embedded',
          'PostgreSQL is the sum of its processes, shared memory counted once (PSS). The',
          'programs are in the file cache of the system, as they are after any first start.',
        ],
      },
      commands,
    ];
  } finally {
    await postgres.stop();
  }
}

export const startup: Part = {
  name: 'startup',
  purpose: 'time to the first 200 of /health/ready, resident memory, and time of a command',
  quick: true,
  run,
};
