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
  return {
    get(key) {
      const known = loaded.get(key);
      if (known !== undefined) return known.promise;
      const entry: { promise: Promise<Value>; value?: Value } = { promise: load(key) };
      loaded.set(key, entry);
      const drop = () => {
        if (loaded.get(key) === entry) loaded.delete(key);
      };
      entry.promise.then((value) => {
        entry.value = value;
      }, drop);
      return entry.promise;
    },
    forget(matches) {
      for (const [key, entry] of loaded) {
        // A value that is still being read may have been read before what changed.
        if (matches === undefined || entry.value === undefined || matches(entry.value)) loaded.delete(key);
      }
    },
  };
}
