const MAX_BATCH = 200;

interface Waiting<Value> {
  readonly key: string;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Combines lookups into batches. One batch is in flight at a time, and lookups that arrive in the meantime form the
 * next one. A single lookup is sent at once.
 *
 * @param load reads some keys, at most 200; an error rejects every lookup of that batch and no other
 * @returns reads one key; undefined if `load` found nothing for it
 */
export function createBatchedLookup<Value>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  let waiting: Waiting<Value>[] = [];
  let loading = false;

  async function loadBatch(batch: readonly Waiting<Value>[]): Promise<void> {
    try {
      const found = await load(batch.map(({ key }) => key));
      for (const { key, resolve } of batch) resolve(found.get(key));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function loadAll(): Promise<void> {
    loading = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      await loadBatch(batch);
    }
    loading = false;
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (!loading) void loadAll();
    });
}
