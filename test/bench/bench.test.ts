import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { medianRatio, percentile, takeTurns } from '../../bench/rounds.ts';
import { renderTable } from '../../bench/table.ts';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const bench = (...words: string[]) => spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });

test.each([
  [['sining'], /^There is no part "sining"\. The parts are signing, http, launch, startup, rotation, scale\.\n$/],
  [['scale', '--shrink', 'much'], /^--shrink must be a whole number of at least 1; it is "much"\./],
  [['--fast'], /'--fast'/],
])('reports wrong arguments in a sentence, with exit code 2: %s', (words, sentence) => {
  const { status, stdout, stderr } = bench(...words);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(sentence);
});

test('help names every part', () => {
  const { status, stdout } = bench('--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/signing [\s\S]+http [\s\S]+startup [\s\S]+scale /);
});

test('the longest part completes, at tiny sizes', () => {
  const { status, stdout, stderr } = bench('scale', '--shrink', '100000', '--json');
  expect(stderr).not.toContain('Error');
  expect(status).toBe(0);
  const { sizes, signOn, search } = JSON.parse(stdout).parts.scale;
  expect(sizes).toHaveLength(3);
  expect(sizes[2]).toMatchObject({ billers: 1, users: 100, auditEvents: 1_000, serviceRatio: expect.any(Number) });
  expect([signOn.length, search.length]).toEqual([15, 15]);
});

test('contenders take turns in alternating order, and the warm-up round does not count', async () => {
  const order: string[] = [];
  const contender = (name: string) => ({ name, round: async () => order.push(name) });
  const results = await takeTurns([contender('a'), contender('b'), contender('c')], 3);
  expect(order.join('')).toBe('abcabcbaccab');
  expect([...results.values()].map((rounds) => rounds.length)).toEqual([3, 3, 3]);
});

test('a ratio compares the same rounds, so that a slow round of both has no effect', () => {
  expect(medianRatio([10, 1, 20], [5, 0.5, 10])).toBe(2);
  expect([0, 0.5, 0.99, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([1, 2, 4, 4]);
});

test('a table right-aligns numbers and left-aligns words', () => {
  const columns = [
    { key: 'name', heading: 'name' },
    { key: 'rate', heading: 'a second', digits: 1 },
  ];
  const rows = [{ name: 'ours', rate: 12345.67 }, { name: 'nobody' }];
  expect(renderTable({ key: 't', title: 'Rates', columns, rows, notes: ['Medians.'] })).toBe(
    'Rates\n\nname    a second\n------  --------\nours    12,345.7\nnobody\n\nMedians.',
  );
});
