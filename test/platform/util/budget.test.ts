import { beforeEach, expect, test } from 'vitest';
import { type Budget, createBudget } from '../../../src/platform/util/budget.ts';

let now: number;
let budget: Budget;
beforeEach(() => {
  now = 60_000_000;
  budget = createBudget({ all: 30, each: 10 }, () => now);
});
/** Takes as often as possible. @returns how often, and what stopped it */
function takeAll(group: string, member: string) {
  for (let times = 0; ; times += 1) {
    const answer = budget.take(group, member);
    if (answer !== 'taken') return [times, answer];
  }
}

test('a group has its share, and what the others have is not touched', () => {
  expect(takeAll('a', 'x')).toEqual([10, 'each']);
  expect(takeAll('b', 'x')).toEqual([10, 'each']);
});

test('a member of a group whose share is used up finds some room, if it has not taken much', () => {
  takeAll('a', 'x');
  expect(takeAll('a', 'y')).toEqual([3, 'each']);
  expect(takeAll('a', 'z')).toEqual([3, 'each']);
  expect(takeAll('a', 'x')).toEqual([0, 'each']);
  expect([takeAll('a', 'v'), takeAll('a', 'w')]).toEqual([
    [3, 'each'],
    [1, 'each'],
  ]);
});

test('there is a limit in all, with a reserve for those that have taken little', () => {
  for (const group of ['a', 'b', 'c']) expect(takeAll(group, 'x')).toEqual([10, 'each']);
  for (let group = 0; group < 10; group += 1) expect(takeAll(`d${group}`, 'x')).toEqual([3, 'all']);
  expect(takeAll('e', 'x')).toEqual([0, 'all']);
});

test('the next minute has a budget of its own', () => {
  takeAll('a', 'x');
  now += 60_000;
  expect(takeAll('a', 'x')).toEqual([10, 'each']);
});

test('an amount that does not fit is not taken, and a smaller one is', () => {
  expect(budget.take('a', 'x', 8)).toBe('taken');
  for (let turn = 0; turn < 3; turn += 1) budget.take('a', 'x', 1);
  expect(budget.take('a', 'x', 11)).toBe('each');
  for (let turn = 0; turn < 3; turn += 1) expect(budget.take('b', 'x', 1)).toBe('taken');
  expect(budget.take('b', 'x', 31)).toBe('each');
  expect(budget.take('b', 'x', 7)).toBe('taken');
});
