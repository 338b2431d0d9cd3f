import { expect, test } from 'vitest';
import { createBatchedLookup } from '../../../src/platform/util/batched-lookup.ts';

interface Load {
  readonly keys: readonly string[];
  /** Answers with the keys themselves, in capitals, except those that contain a dot. */
  answer(): void;
  fail(error: Error): void;
}

/** A lookup whose loads the test answers. */
function controlled() {
  const loads: Load[] = [];
  const lookUp = createBatchedLookup<string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
    const found = keys.filter((key) => !key.includes('.'));
    const answer = () => resolve(new Map(found.map((key) => [key, key.toUpperCase()])));
    loads.push({ keys, answer, fail: reject });
    return promise;
  });
  return { loads, lookUp };
}

test('a single lookup is sent at once; those that arrive in the meantime form a batch', async () => {
  const { loads, lookUp } = controlled();
  const first = lookUp('a');
  const others = Promise.all(['b', 'c', '.', 'b'].map(lookUp));
  expect(loads.map(({ keys }) => keys)).toEqual([['a']]);
  loads[0]?.answer();
  expect(await first).toBe('A');
  await expect.poll(() => loads.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c', '.', 'b']]);
  loads[1]?.answer();
  expect(await others).toEqual(['B', 'C', undefined, 'B']);
  void lookUp('d');
  expect(loads[2]?.keys).toEqual(['d']);
});

test('a failed load rejects only its own batch', async () => {
  const { loads, lookUp } = controlled();
  const first = lookUp('a');
  const second = lookUp('b');
  loads[0]?.fail(new Error('the database is gone'));
  await expect(first).rejects.toThrow('the database is gone');
  await expect.poll(() => loads.length).toBe(2);
  loads[1]?.answer();
  expect(await second).toBe('B');
});

test('a load never answers lookups made after it began', async () => {
  const { loads, lookUp } = controlled();
  void lookUp('a');
  const again = lookUp('a');
  loads[0]?.answer();
  await expect.poll(() => loads.length).toBe(2);
  expect(loads[1]?.keys).toEqual(['a']);
  loads[1]?.answer();
  expect(await again).toBe('A');
});

test('a batch has at most 200 keys, and every lookup is answered', async () => {
  const sizes: number[] = [];
  const lookUp = createBatchedLookup<string>(async (keys) => {
    sizes.push(keys.length);
    return new Map(keys.map((key) => [key, key]));
  });
  const keys = Array.from({ length: 501 }, (_, index) => String(index));
  expect(await Promise.all(keys.map(lookUp))).toEqual(keys);
  expect(sizes).toEqual([1, 200, 200, 100]);
});
