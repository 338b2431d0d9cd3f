import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { EXPERIMENTS } from './catalog.ts';
import { MAX_SEED } from './chance.ts';
import type { DatabaseKind, Experiment } from './experiment.ts';

/** A mistake on the command line. */
export class UsageError extends Error {}

export interface Arguments {
  readonly experiments: readonly Experiment[];
  readonly databases: readonly DatabaseKind[];
  readonly minutes: number;
  readonly seed: number;
  readonly write: boolean;
  readonly help: boolean;
}

const DATABASES = { postgresql: 'PostgreSQL', embedded: 'embedded' } as const satisfies Record<string, DatabaseKind>;
const DEFAULT_MINUTES = '10';

const width = Math.max(...EXPERIMENTS.map(({ name }) => name.length));

export const HELP = `Puts the service under stress, and shows which promises it keeps. Exit code 1 if it breaks one.

  npm run stress                         every experiment
  npm run stress -- <experiment>...      those that are named

${EXPERIMENTS.map(({ name, purpose }) => `  ${name.padEnd(width)}  ${purpose}`).join('\n')}

  --database <which>  postgresql or embedded (default: every one that an experiment is for)
  --minutes <n>       random-faults: how long, on each database (default: ${DEFAULT_MINUTES})
  --seed <n>          repeats the choices of a run, which prints its seed
  --write             writes docs/stress.md
`;

function numberOf(option: string, text: string, accepted: string, isAccepted: (value: number) => boolean): number {
  const value = Number(text);
  if (text.trim() !== '' && isAccepted(value)) return value;
  throw new UsageError(`--${option} must be ${accepted}; it is "${text}".`);
}

function databasesOf(text: string | undefined): readonly DatabaseKind[] {
  if (text === undefined) return Object.values(DATABASES);
  if (Object.hasOwn(DATABASES, text)) return [DATABASES[text as keyof typeof DATABASES]];
  throw new UsageError(`--database must be postgresql or embedded; it is "${text}".`);
}

/** @throws UsageError, or the error of parseArgs, in a sentence */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      database: { type: 'string' },
      minutes: { type: 'string', default: DEFAULT_MINUTES },
      seed: { type: 'string', default: String(randomInt(MAX_SEED)) },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const named = positionals.map((name) => {
    const experiment = EXPERIMENTS.find((known) => known.name === name);
    if (experiment !== undefined) return experiment;
    const names = EXPERIMENTS.map((known) => known.name).join(', ');
    throw new UsageError(`There is no experiment "${name}". The experiments are ${names}.`);
  });
  const databases = databasesOf(values.database);
  const other = named.find((experiment) => !experiment.databases.some((one) => databases.includes(one)));
  if (other !== undefined) throw new UsageError(`${other.name} does not run on the database "${values.database}".`);
  if (values.write && (named.length > 0 || values.database !== undefined)) {
    throw new UsageError('--write is for a run of every experiment on every database.');
  }
  return {
    experiments: named.length > 0 ? named : EXPERIMENTS,
    databases,
    minutes: numberOf('minutes', values.minutes, 'a number above 0', (value) => value > 0 && Number.isFinite(value)),
    seed: numberOf(
      'seed',
      values.seed,
      `a whole number from 0 to ${MAX_SEED}`,
      (value) => Number.isInteger(value) && value >= 0 && value <= MAX_SEED,
    ),
    write: values.write,
    help: values.help,
  };
}
