import { and, desc, eq, gte, lt } from 'drizzle-orm';
import type { Database } from '../../../platform/database/database.ts';
import { metadataFetches } from '../../../platform/database/schema.ts';
import { createMinuteLimit } from '../../../platform/util/minute-limit.ts';
import type { Fetcher } from './fetcher.ts';

type NewFetch = Omit<typeof metadataFetches.$inferInsert, 'id' | 'at'>;

/** Records which clients were shown which certificates. */
export interface MetadataFetches {
  /** Records a fetch. It is written shortly after, in a batch; the endpoint does not wait. */
  note(fetch: Fetcher & Omit<NewFetch, keyof Fetcher>): void;
  /** Resolves when all fetches recorded so far are written or have failed. */
  drained(): Promise<void>;
  deleteExpired(): Promise<void>;
}

const KEPT_MS = 400 * 24 * 3600_000;
/** A flood of fetches is recorded with gaps, so that it can't fill memory or disk. */
const MAX_A_MINUTE = 2_000;
const MAX_TEXT = 200;

export function createMetadataFetches({
  database: { db },
  clock,
}: {
  database: Database;
  clock: () => number;
}): MetadataFetches {
  const limit = createMinuteLimit(MAX_A_MINUTE, clock);
  let waiting: (NewFetch & { at: Date })[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      // Fetches that can't be written are lost: activation then waits for another fetch, which is safe.
      await db
        .insert(metadataFetches)
        .values(batch)
        .catch(() => undefined);
    }
    writing = undefined;
  }

  return {
    note(fetch) {
      if (!limit()) return;
      const client = fetch.client.slice(0, MAX_TEXT);
      waiting.push({ ...fetch, address: fetch.address.slice(0, MAX_TEXT), client, at: new Date(clock()) });
      writing ??= writeAll();
    },
    drained: async () => {
      await writing;
    },
    deleteExpired: async () => {
      await db.delete(metadataFetches).where(lt(metadataFetches.at, new Date(clock() - KEPT_MS)));
    },
  };
}

/** The fetches of a biller's metadata since a given time, newest first. */
export async function listFetches(database: Database, billerId: string, since: Date, limit: number) {
  return database.db
    .select()
    .from(metadataFetches)
    .where(and(eq(metadataFetches.billerId, billerId), gte(metadataFetches.at, since)))
    .orderBy(desc(metadataFetches.id))
    .limit(limit);
}
