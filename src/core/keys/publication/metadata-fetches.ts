import type { Insertable } from 'kysely';
import type { Database } from '../../../platform/database/database.ts';
import { deleteInBatches } from '../../../platform/database/delete-in-batches.ts';
import { networkOf } from '../../../platform/http/network.ts';
import { createBudget } from '../../../platform/util/budget.ts';
import type { Fetcher } from './fetcher.ts';
import type { MetadataFetchesTable } from './schema.ts';

type NewFetch = Omit<Insertable<MetadataFetchesTable>, 'at'>;

/** Records which clients were shown which certificates. */
export interface MetadataFetches {
  /** Records a fetch. It is written shortly after, in a batch; the endpoint does not wait. */
  note(fetch: Fetcher & Omit<NewFetch, keyof Fetcher>): void;
  /** Resolves when all fetches recorded so far are written or have failed. */
  drained(): Promise<void>;
  deleteExpired(): Promise<void>;
}

const KEPT_MS = 400 * 24 * 3600_000;
/**
 * A flood of fetches is recorded with gaps, so that it can't fill memory or disk. Each biller has its share, in which a
 * client that fetches seldom finds room.
 */
const A_MINUTE = { all: 600, each: 60 };
const MAX_TEXT = 200;

export function createMetadataFetches({
  database: { db },
  clock,
}: {
  database: Database;
  clock: () => number;
}): MetadataFetches {
  const budget = createBudget(A_MINUTE, clock);
  let waiting: (NewFetch & { at: Date })[] = [];
  let writing: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      // Fetches that can't be written are lost: activation then waits for another fetch, which is safe.
      await db
        .insertInto('metadataFetches')
        .values(batch)
        .execute()
        .catch(() => undefined);
    }
    writing = undefined;
  }

  return {
    note(fetch) {
      if (budget.take(fetch.billerId, networkOf(fetch.address)) !== 'taken') return;
      const client = fetch.client.slice(0, MAX_TEXT);
      waiting.push({ ...fetch, address: fetch.address.slice(0, MAX_TEXT), client, at: new Date(clock()) });
      writing ??= writeAll();
    },
    drained: async () => {
      await writing;
    },
    deleteExpired: async () => {
      const old = db
        .selectFrom('metadataFetches')
        .select('id')
        .where('at', '<', new Date(clock() - KEPT_MS));
      await deleteInBatches((most) =>
        db.deleteFrom('metadataFetches').where('id', 'in', old.limit(most)).executeTakeFirst(),
      );
    },
  };
}

/** The fetches of a biller's metadata since a given time, newest first. */
export async function listFetches(database: Database, billerId: string, since: Date, limit: number) {
  return database.db
    .selectFrom('metadataFetches')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('at', '>=', since)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
