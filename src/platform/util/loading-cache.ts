/** Values loaded from the database and kept until they are dropped. */
export interface LoadingCache<Value> {
  get(key: string): Promise<Value>;
  /** Drops the matching values; without `matches`, all of them. */
  forget(matches?: (value: Value) => boolean): void;
}

/**
 * @param load reads a value; an error is passed on and not cached
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
        // A value that is still loading may have been read before the change.
        if (matches === undefined || entry.value === undefined || matches(entry.value)) loaded.delete(key);
      }
    },
  };
}
