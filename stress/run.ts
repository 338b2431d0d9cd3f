import type { Row, Table } from '../bench/table.ts';
import { createChance } from './chance.ts';
import { CannotRun, type DatabaseKind, type Experiment, type Fact } from './experiment.ts';

/** One experiment on one database. */
export interface Result {
  readonly experiment: string;
  readonly database: DatabaseKind;
  readonly facts: readonly Fact[];
  /** Why it could not run here; or that it failed. */
  readonly note: { readonly verdict: 'skipped' | 'failed'; readonly reason: string } | undefined;
}

interface RunOptions {
  readonly experiments: readonly Experiment[];
  readonly databases: readonly DatabaseKind[];
  readonly minutes: number;
  readonly seed: number;
  readonly progress: (text: string) => void;
}

async function runOne(experiment: Experiment, database: DatabaseKind, options: RunOptions): Promise<Result> {
  const { minutes, seed, progress } = options;
  const about = { experiment: experiment.name, database };
  try {
    // Its own chance, so that it makes the same choices when it runs alone.
    const facts = await experiment.run({ database, minutes, chance: createChance(seed), progress });
    return { ...about, facts, note: undefined };
  } catch (error) {
    const skipped = error instanceof CannotRun;
    const reason = skipped ? error.message : ((error as Error).stack ?? String(error));
    return { ...about, facts: [], note: { verdict: skipped ? 'skipped' : 'failed', reason } };
  }
}

/** Runs experiments one after the other, each on each of the databases that it is for. */
export async function runExperiments(options: RunOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const experiment of options.experiments) {
    for (const database of experiment.databases.filter((one) => options.databases.includes(one))) {
      options.progress(`${experiment.name} (${database}): ${experiment.purpose}`);
      const result = await runOne(experiment, database, options);
      for (const { what, figure, kept } of result.facts) options.progress(`  ${what}: ${figure}${verdictOf(kept)}`);
      if (result.note !== undefined) options.progress(`  ${result.note.verdict}: ${result.note.reason}`);
      results.push(result);
    }
  }
  return results;
}

const verdictOf = (kept: boolean | undefined) => (kept === undefined ? '' : kept ? ', kept' : ', BROKEN');

/** @returns whether a promise was broken, or an experiment failed to find out */
export const isBroken = (results: readonly Result[]): boolean =>
  results.some(({ facts, note }) => note?.verdict === 'failed' || facts.some(({ kept }) => kept === false));

function rowsOf({ experiment, database, facts, note }: Result): Row[] {
  if (note !== undefined) {
    const [figure = ''] = note.reason.split('\n');
    return [{ experiment, database, what: '', figure, promise: note.verdict }];
  }
  return facts.map(({ what, figure, kept }, index) => ({
    experiment: index === 0 ? experiment : '',
    database: index === 0 ? database : '',
    what,
    figure,
    promise: kept === undefined ? '' : kept ? 'kept' : 'BROKEN',
  }));
}

/** The table at the end of a run. */
export function tableOf(results: readonly Result[]): Table {
  return {
    key: 'stress',
    title: 'Promises under stress',
    columns: [
      { key: 'experiment', heading: 'experiment' },
      { key: 'database', heading: 'database' },
      { key: 'what', heading: 'what' },
      { key: 'figure', heading: 'figure' },
      { key: 'promise', heading: 'promise' },
    ],
    rows: results.flatMap(rowsOf),
  };
}
