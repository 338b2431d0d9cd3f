import { expect, test } from 'vitest';
import { createLoadingCache } from '../../../src/platform/util/loading-cache.ts';

/** Loads that the test completes. */
function pendingLoads() {
  const loads: { key: string; end: PromiseWithResolvers<string> }[] = [];
  const cache = createLoadingCache((key) => {
    const end = Promise.withResolvers<string>();
    loads.push({ key, end });
    return end.promise;
  });
  return { loads, cache };
}

test('concurrent callers share one load, and later ones its value', async () => {
  const { loads, cache } = pendingLoads();
  const both = [cache.get('a'), cache.get('a')];
  loads[0]?.end.resolve('value');
  expect(await Promise.all(both)).toEqual(['value', 'value']);
  expect(await cache.get('a')).toBe('value');
  expect(loads).toHaveLength(1);
});

test('a failed load rejects every waiting caller, and the next caller tries again', async () => {
  const { loads, cache } = pendingLoads();
  const both = [cache.get('a'), cache.get('a')];
  loads[0]?.end.reject(new Error('gone'));
  for (const waiting of both) await expect(waiting).rejects.toThrow('gone');
  const next = cache.get('a');
  loads[1]?.end.resolve('value');
  expect(await next).toBe('value');
});

test('forget drops the values that match, or all', async () => {
  const { loads, cache } = pendingLoads();
  const got = ['a', 'b'].map((key) => cache.get(key));
  for (const { key, end } of loads) end.resolve(`value ${key}`);
  await Promise.all(got);
  cache.forget((value) => value === 'value a');
  expect(await cache.get('b')).toBe('value b');
  void cache.get('a');
  expect(loads.map(({ key }) => key)).toEqual(['a', 'b', 'a']);
  cache.forget();
  void cache.get('b');
  expect(loads.map(({ key }) => key)).toEqual(['a', 'b', 'a', 'b']);
});

test('a value that was being loaded during a change is returned but not kept', async () => {
  const { loads, cache } = pendingLoads();
  const early = cache.get('a');
  // The value is not known yet, so it is unclear whether it is the one that changed.
  cache.forget((value) => value === 'something else');
  loads[0]?.end.resolve('perhaps old');
  expect(await early).toBe('perhaps old');
  const late = cache.get('a');
  loads[1]?.end.resolve('new');
  expect(await late).toBe('new');
  expect(await cache.get('a')).toBe('new');
  expect(loads).toHaveLength(2);
});
