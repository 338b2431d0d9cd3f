import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Part } from '../part.ts';
import { median, medianRatio } from '../rounds.ts';
import type { Row, Table } from '../table.ts';
import type { RaceResults } from './race.ts';

const RACE = fileURLToPath(new URL('./race.ts', import.meta.url));
/** libuv's default number of threads; more if there are more cores. */
const POOL_THREADS = 4;

const GOAL_ALONE = 0.95;
const GOAL_POOL = 0.9;
const GOAL_PEERS = 8;

const goalRow = (name: string, ratio: number, goal: number): Row => ({
  name,
  ratio,
  goal,
  verdict: ratio >= goal ? 'reached' : 'missed',
});

async function race(): Promise<RaceResults> {
  const threads = Math.max(POOL_THREADS, availableParallelism());
  const { stdout } = await promisify(execFile)(process.execPath, [RACE], {
    env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
  });
  return JSON.parse(stdout) as RaceResults;
}

function ratesTable({ oneThread, pool }: RaceResults): Table {
  const { raw = [], ours = [], ...peers } = oneThread;
  const row = (name: string, mode: string, rates: readonly number[]): Row => ({
    name,
    mode,
    perSecond: median(rates),
    toRaw: medianRatio(rates, mode === 'thread pool' ? pool.raw : raw),
  });
  return {
    key: 'rates',
    title: 'Signed assertions a second, RSA-2048 with SHA-256',
    columns: [
      { key: 'name', heading: 'contender' },
      { key: 'mode', heading: 'works in' },
      { key: 'perSecond', heading: 'a second' },
      { key: 'toRaw', heading: 'of raw RSA', digits: 3 },
    ],
    rows: [
      row('raw RSA', 'one thread', raw),
      row('ours', 'one thread', ours),
      ...Object.entries(peers).map(([name, rates]) => row(name, 'one thread', rates)),
      row('raw RSA', 'thread pool', pool.raw),
      row('ours', 'thread pool', pool.ours),
    ],
    notes: ['Medians over rounds in which all take turns; every contender’s document is verified first.'],
  };
}

function goalsTable({ oneThread, pool }: RaceResults): Table {
  const { raw = [], ours = [], ...peers } = oneThread;
  const [peer, rates] = Object.entries(peers).reduce((best, other) =>
    medianRatio(other[1], raw) > medianRatio(best[1], raw) ? other : best,
  );
  return {
    key: 'goals',
    title: 'Goals',
    columns: [
      { key: 'name', heading: 'ratio' },
      { key: 'ratio', heading: 'found', digits: 3 },
      { key: 'goal', heading: 'goal', digits: 2 },
      { key: 'verdict', heading: '' },
    ],
    rows: [
      goalRow('ours to raw RSA, one thread', medianRatio(ours, raw), GOAL_ALONE),
      goalRow('ours to raw RSA, thread pool', medianRatio(pool.ours, pool.raw), GOAL_POOL),
      goalRow(`ours on the thread pool to the fastest peer, ${peer}`, medianRatio(pool.ours, rates), GOAL_PEERS),
      goalRow(`ours in one thread to ${peer}`, medianRatio(ours, rates), GOAL_PEERS),
      { name: `raw RSA in one thread to ${peer}: nothing can do better`, ratio: medianRatio(raw, rates) },
    ],
    notes: ['The peers sign synchronously: they have no thread pool to use.'],
  };
}

export const signing: Part = {
  name: 'signing',
  purpose: 'signed assertions a second, against raw RSA-2048 and the JavaScript peers',
  quick: true,
  async run() {
    const results = await race();
    return [ratesTable(results), goalsTable(results)];
  },
};
