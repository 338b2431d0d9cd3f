const MAX_BATCH = 200;

interface Waiting<Value> {
  readonly key: string;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lookups that share their round trips: one batch is on its way at a time, and what is asked for meanwhile forms the
 * next one. A lookup that comes alone leaves at once, alone.
 *
 * @param load reads some keys, at most 200; what it throws goes to everybody in that batch, and to nobody else
 * @returns reads one key; undefined where `load` found nothing for it
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
