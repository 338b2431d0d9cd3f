import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { renderTable } from '../../bench/table.ts';
import { readArguments } from '../../stress/arguments.ts';
import { EXPERIMENTS } from '../../stress/catalog.ts';
import { createChance } from '../../stress/chance.ts';
import { all, atMost, CannotRun, type Experiment, type Fact, measured, none } from '../../stress/experiment.ts';
import { isBroken, runExperiments, tableOf } from '../../stress/run.ts';

const MAIN = fileURLToPath(new URL('../../stress/main.ts', import.meta.url));
const stress = (...words: string[]) => spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });

test.each([
  [['stal'], /^There is no experiment "stal"\. The experiments are stall-in-switch, /],
  [['--database', 'mysql'], /^--database must be postgresql or embedded; it is "mysql"\.$/],
  [['full-disk', '--database', 'postgresql'], /^full-disk does not run on the database "postgresql"\.$/],
  [['--minutes', '0'], /^--minutes must be a number above 0; it is "0"\.$/],
  [['--minutes', ''], /^--minutes must be a number above 0; it is ""\.$/],
  [['--seed', '1.5'], /^--seed must be a whole number from 0 to 4294967295; it is "1\.5"\.$/],
  [['--write', 'full-disk'], /^--write is for a run of every experiment on every database\.$/],
  [['--fast'], /'--fast'/],
])('says in a sentence what is wrong about %s', (words, sentence) => {
  expect(() => readArguments(words)).toThrow(sentence);
});

test('runs every experiment on every database unless told otherwise, with a new seed each time', () => {
  const [one, other] = [readArguments([]), readArguments([])];
  expect(one).toMatchObject({ experiments: EXPERIMENTS, databases: ['PostgreSQL', 'embedded'], minutes: 10 });
  expect(one.seed).not.toBe(other.seed);
});

test.each(['--fast', 'stal'])('ends with exit code 2 and one sentence when it gets %s', (word) => {
  const { status, stdout, stderr } = stress(word);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^[^\n]+\n$/);
});

test('help names every experiment', () => {
  const { status, stdout } = stress('--help');
  expect(status).toBe(0);
  for (const { name, purpose } of EXPERIMENTS) expect(stdout).toMatch(new RegExp(`^  ${name} +${purpose}$`, 'm'));
});

test('an experiment runs from its stage to its line in the table', () => {
  const { status, stdout, stderr } = stress('begin-fails', '--seed', '7');
  expect(stderr).toContain('begin-fails (PostgreSQL)');
  expect(stdout).toContain('Seed 7\n');
  expect(stdout).toMatch(/^begin-fails +PostgreSQL +transactions whose begin failed +30 of 30 +kept$/m);
  expect(stdout).toMatch(/^ +sign-ons that work afterwards +60 of 60 +kept$/m);
  expect(status).toBe(0);
});

/** Runs an experiment that only returns these facts, or throws. */
function run(outcome: Fact[] | Error, databases: Experiment['databases'] = ['embedded']) {
  const experiment: Experiment = {
    name: 'made-up',
    purpose: 'nothing happens',
    databases,
    async run() {
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  const options = { minutes: 1, seed: 1, progress: () => undefined, databases: ['embedded'] as const };
  return runExperiments({ ...options, experiments: [experiment] });
}

test.each<[string, Fact[] | Error, boolean]>([
  ['a figure', [measured('rows', 5, '')], false],
  ['what never happened', [none('lost', 0, 3)], false],
  ['what happened', [none('lost', 1, 3)], true],
  ['what had no occasion to happen', [none('lost', 0, 0)], true],
  ['what always happened', [all('answered', 3, 3)], false],
  ['what happened too seldom', [all('answered', 2, 3)], true],
  ['what kept to its limit', [atMost('took', 2, 2, 's')], false],
  ['what exceeded its limit', [atMost('took', 2.1, 2, 's')], true],
  ['what never ended', [atMost('took', Number.POSITIVE_INFINITY, 2, 's')], true],
  ['one broken promise of two', [none('lost', 1, 3), all('answered', 3, 3)], true],
  ['an experiment that failed', new Error('no'), true],
  ['an experiment that cannot run here', new CannotRun('no'), false],
])('%s counts as it should', async (_, outcome, broken) => {
  expect(isBroken(await run(outcome))).toBe(broken);
});

test('the table has a line for each fact, and the reason where an experiment did not run', async () => {
  const facts = [none('rows lost', 1, 3, 'the first'), atMost('took', 1.25, 2, 's'), measured('rows', 1_234, '')];
  const results = [...(await run(facts)), ...(await run(new CannotRun('no disk'))), ...(await run([], ['PostgreSQL']))];
  expect(renderTable(tableOf(results)).split('\n').slice(4)).toEqual([
    'made-up     embedded  rows lost  1 of 3: the first  BROKEN',
    '                      took       1.3 s (at most 2)  kept',
    '                      rows       1,234',
    'made-up     embedded             no disk            skipped',
  ]);
});

test('the same seed makes the same choices, and every choice is made', () => {
  const draw = (seed: number) => {
    const chance = createChance(seed);
    return Array.from({ length: 200 }, () => chance.pick(['a', 'b', 'c']) + chance.between(-1, 1));
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(new Set(draw(5)).size).toBe(9);
});
