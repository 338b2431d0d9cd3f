/** Values loaded from the database and kept until they are forgotten. */
export interface LoadingCache<Value> {
  get(key: string): Promise<Value>;
  /** Forgets the values that match; without a test, all of them. */
  forget(matches?: (value: Value) => boolean): void;
}

/**
 * @param load reads a value; what it throws is passed on and not kept
 * @returns a cache in which concurrent callers share one load
 */
export function createLoadingCache<Value>(load: (key: string) => Promise<Value>): LoadingCache<Value> {
  const loaded = new Map<string, { readonly promise: Promise<Value>; value?: Value }>();
  let generation = 0;
  return {
    get(key) {
      const known = loaded.get(key);
      if (known !== undefined) return known.promise;
      const entry: { promise: Promise<Value>; value?: Value } = { promise: load(key) };
      loaded.set(key, entry);
      const began = generation;
      const drop = () => {
        if (loaded.get(key) === entry) loaded.delete(key);
      };
      entry.promise.then((value) => {
        entry.value = value;
        // Something changed while this was being read: it may have been read before the change.
        if (generation !== began) drop();
      }, drop);
      return entry.promise;
    },
    forget(matches) {
      generation += 1;
      for (const [key, entry] of loaded) {
        if (matches === undefined || entry.value === undefined || matches(entry.value)) loaded.delete(key);
      }
    },
  };
}
