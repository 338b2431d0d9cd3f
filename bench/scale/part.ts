import { totalmem } from 'node:os';
import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import { type BenchInstallation, prepareInstallation } from '../installation.ts';
import { describeMachine } from '../machine.ts';
import { type BenchOptions, type Part, progress } from '../part.ts';
import { startHelper } from '../process.ts';
import { takeTurns } from '../rounds.ts';
import { startService } from '../service.ts';
import type { Table } from '../table.ts';
import { writePage } from './document.ts';
import { fill, type Size } from './fill.ts';
import { type Stage, stageContender } from './load.ts';
import { plansOf } from './plans.ts';
import { queriesOf } from './queries.ts';
import { costTable, plansTable } from './tables.ts';

/** The smallest first: the others are compared with it. */
const SIZES = [
  { billers: 1, users: 100, auditEvents: 1_000 },
  { billers: 100, users: 10_000, auditEvents: 100_000 },
  { billers: 10_000, users: 1_000_000, auditEvents: 10_000_000 },
] as const satisfies readonly Size[];

const ROUNDS = 8;
/** Until what sign-ons touch is in memory. */
const WARM_UP_MS = 60_000;
/** A trial run shows that it works; its numbers mean nothing. */
const TRIAL = { rounds: 1, warmUpMs: 500 };

/**
 * What PostgreSQL's manual advises to a machine with much to write: a quarter of the memory for buffers (19.4.1), and room
 * for a log of half an hour (19.5.2), since the first change of a page after each checkpoint logs the whole page.
 */
const SERVER_SETTINGS = [
  `shared_buffers=${Math.floor(totalmem() / 4 / 1024 ** 2)}MB`,
  'max_wal_size=16GB',
  'checkpoint_timeout=30min',
];

const shrunk = ({ billers, users, auditEvents }: Size, by: number): Size => ({
  billers: Math.max(1, Math.round(billers / by)),
  users: Math.max(100, Math.round(users / by)),
  auditEvents: Math.max(1_000, Math.round(auditEvents / by)),
});

async function explain(installation: BenchInstallation) {
  const url = installation.environment.DATABASE_URL ?? '';
  const { signOn, search } = await queriesOf(installation);
  return { signOn: await plansOf(url, signOn), search: await plansOf(url, search) };
}

async function run({ shrink, writeDocs }: BenchOptions): Promise<Table[]> {
  const { rounds, warmUpMs } = shrink === 1 ? { rounds: ROUNDS, warmUpMs: WARM_UP_MS } : TRIAL;
  const postgres = await startPostgres(SERVER_SETTINGS);
  const load = startHelper(new URL('../http/load.ts', import.meta.url));
  const installations: BenchInstallation[] = [];
  const stages: Stage[] = [];
  try {
    for (const full of SIZES) {
      const size = shrunk(full, shrink);
      const installation = await prepareInstallation(postgres.url);
      installations.push(installation);
      const signedIn = await fill(installation, size);
      stages.push({ size, installation, signedIn, service: await startService(installation) });
    }
    progress('scale: sign-ons, the sizes in turns');
    const results = await takeTurns(
      stages.map((stage) => stageContender(stage, load, warmUpMs)),
      rounds,
    );
    const costs = costTable(stages, results);
    const [smallest, largest] = [stages.at(0), stages.at(-1)];
    if (smallest === undefined || largest === undefined) throw new Error('There are no sizes.');
    progress('scale: plans');
    const small = await explain(smallest.installation);
    const large = await explain(largest.installation);
    const sizes = [smallest.size, largest.size] as const;
    const tables = [
      costs,
      plansTable('signOn', 'Statements of a sign-on', sizes, small.signOn, large.signOn),
      plansTable('search', 'Statements of the audit search', sizes, small.search, large.search),
    ];
    if (writeDocs) writePage(describeMachine(), SERVER_SETTINGS, tables, large.signOn, large.search);
    return tables;
  } finally {
    await load.stop();
    for (const { service } of stages) await service.stop();
    for (const installation of installations) await installation.remove();
    await postgres.stop();
  }
}

export const scale: Part = {
  name: 'scale',
  purpose:
    'the cost of a sign-on and of the audit search from 1 to 10,000 billers, 10,000,000 audit events; takes minutes',
  quick: false,
  run,
};
