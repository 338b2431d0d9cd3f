import { expect, test } from 'vitest';
import { createFairQueue, QueueFull } from '../../../src/platform/util/fair-queue.ts';

const LIMITS = { atOnce: 1, waiting: 4, each: 3, withinMs: 60_000 };

/** A queue whose first work runs until `release`, and the order in which the rest runs. */
function busyQueue(limits = LIMITS) {
  const queue = createFairQueue(limits);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = queue.run('first', () => promise);
  /** @returns the name once it ran, or why it did not */
  const add = (name: string, gone?: AbortSignal) =>
    queue
      .run(name[0] ?? '', async () => void order.push(name), gone)
      .then(
        () => name,
        (error: unknown) => (error instanceof QueueFull ? 'full' : error),
      );
  return { queue, order, add, release, first };
}

test('owners take turns, each with its own work in order', async () => {
  const { order, add, release } = busyQueue();
  const all = [add('a1'), add('a2'), add('a3'), add('b1')];
  release();
  await Promise.all(all);
  expect(order).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('an owner has a limited number of places', async () => {
  const { add, release } = busyQueue();
  const all = [add('a1'), add('a2'), add('a3'), add('a4')];
  release();
  expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'full']);
});

test('a full queue gives the last place of the owner with the most to one with fewer', async () => {
  const { add, release } = busyQueue();
  const all = [add('a1'), add('a2'), add('a3'), add('b1'), add('c1'), add('d1'), add('b2')];
  release();
  expect(await Promise.all(all)).toEqual(['a1', 'full', 'full', 'b1', 'c1', 'd1', 'full']);
});

test('work whose owner is gone does not run and gives its place up', async () => {
  const { order, add, release } = busyQueue();
  const leaving = new AbortController();
  const gone = new Error('gone');
  const all = [add('a1', leaving.signal), add('a2'), add('a3')];
  leaving.abort(gone);
  all.push(add('a4'), add('a5', leaving.signal));
  release();
  expect(await Promise.all(all)).toEqual([gone, 'a2', 'a3', 'a4', gone]);
  expect(order).toEqual(['a2', 'a3', 'a4']);
});

test('work that waits too long is refused, and the queue goes on', async () => {
  const { add, release, first } = busyQueue({ ...LIMITS, withinMs: 1 });
  expect(await add('a1')).toBe('full');
  release();
  await first;
  expect(await add('a2')).toBe('a2');
});

test('work that fails gives its turn to the next', async () => {
  const { queue, add, release } = busyQueue();
  const failing = queue.run('x', () => Promise.reject(new Error('it failed'))).catch((error: Error) => error.message);
  const after = add('a1');
  release();
  expect(await Promise.all([failing, after])).toEqual(['it failed', 'a1']);
});
