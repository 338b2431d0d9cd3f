import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from '../../../platform/database/database.ts';
import { deleteInBatches } from '../../../platform/database/delete-in-batches.ts';
import { createFetchBudget } from './fetch-budget.ts';
import type { Fetcher } from './fetcher.ts';

/** A fetch as the endpoint saw it. */
interface MetadataFetch extends Pick<Fetcher, 'address' | 'client'> {
  readonly billerId: string;
  readonly status: number;
  readonly certificates: readonly string[];
  readonly monitor: boolean;
  /** Of a one-time URL. */
  readonly oneTime: boolean;
  /** One of the Service Provider's clients that the biller's settings list. */
  readonly known: boolean;
}

/** Records which clients were shown which certificates. */
export interface MetadataFetches {
  /**
   * Records a fetch, once it is known how it ended. It is written shortly after, in a batch; the endpoint does not wait.
   * Fetches of one day by the same client that were shown the same share a row.
   */
  note(fetch: Promise<MetadataFetch>): void;
  /** Resolves when all fetches recorded so far are written or have failed. */
  drained(): Promise<void>;
  deleteExpired(): Promise<void>;
}

const DAY_MS = 24 * 3600_000;
const KEPT_MS = 400 * DAY_MS;
/** After this time only the newest ones of a biller are kept: a stranger may fetch in ever new disguises. */
const ALL_KEPT_MS = 30 * DAY_MS;
const MOST_KEPT = 1_000;
const MAX_TEXT = 200;
const MAX_BATCH = 500;

interface Row extends Omit<MetadataFetch, 'known' | 'certificates'> {
  readonly certificates: string[];
  readonly digest: Buffer;
  at: Date;
  count: number;
}

function newRow({ known: _, ...fetch }: MetadataFetch, now: number): Row {
  const address = fetch.address.slice(0, MAX_TEXT);
  const client = fetch.client.slice(0, MAX_TEXT);
  const certificates = [...fetch.certificates];
  const same = [
    Math.floor(now / DAY_MS),
    address,
    client,
    fetch.status,
    fetch.monitor,
    certificates,
    ...(fetch.oneTime ? ['one-time'] : []),
  ];
  const digest = createHash('sha256').update(JSON.stringify(same)).digest();
  return { ...fetch, address, client, certificates, digest, at: new Date(now), count: 1 };
}

export function createMetadataFetches({
  database: { db },
  clock,
}: {
  database: Database;
  clock: () => number;
}): MetadataFetches {
  const hasRoom = createFetchBudget(clock);
  const ending = new Set<Promise<void>>();
  let waiting = new Map<string, Row>();
  let writing: Promise<void> | undefined;

  const write = (rows: readonly Row[]) =>
    db
      .insertInto('metadataFetches')
      .values([...rows])
      .onConflict((conflict) =>
        conflict.columns(['billerId', 'digest']).where('digest', 'is not', null).doUpdateSet({
          count: sql`metadata_fetches.count + excluded.count`,
          at: sql`greatest(metadata_fetches.at, excluded.at)`,
        }),
      )
      .execute();

  async function writeAll(): Promise<void> {
    while (waiting.size > 0) {
      const rows = [...waiting.values()];
      waiting = new Map();
      for (let begin = 0; begin < rows.length; begin += MAX_BATCH) {
        const batch = rows.slice(begin, begin + MAX_BATCH);
        // A fetch that can't be written is lost: activation then waits for another one, which is safe. One of a biller
        // that was just removed must not take the others with it.
        await write(batch).catch(() => Promise.allSettled(batch.map((row) => write([row]))));
      }
    }
    writing = undefined;
  }

  function add(fetch: MetadataFetch): void {
    const row = newRow(fetch, clock());
    const id = `${row.billerId} ${row.digest.toString('base64')}`;
    if (!hasRoom({ id, billerId: row.billerId, known: fetch.known })) return;
    const same = waiting.get(id);
    if (same === undefined) waiting.set(id, row);
    else {
      same.at = row.at;
      same.count += 1;
    }
    writing ??= writeAll();
  }

  return {
    note(fetch) {
      const ended = fetch.then(add).finally(() => ending.delete(ended));
      ending.add(ended);
    },
    drained: async () => {
      await Promise.all(ending);
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
      const surplus = db
        .selectFrom(
          db
            .selectFrom('metadataFetches')
            .select(['id', 'at', sql<number>`row_number() over (partition by biller_id order by at desc)`.as('place')])
            .as('fetches'),
        )
        .select('id')
        .where('place', '>', MOST_KEPT)
        .where('at', '<', new Date(clock() - ALL_KEPT_MS));
      await deleteInBatches((most) =>
        db.deleteFrom('metadataFetches').where('id', 'in', surplus.limit(most)).executeTakeFirst(),
      );
    },
  };
}

/** The newest fetches of a biller's metadata since a given time. Strangers can't crowd out those that count. */
export async function listFetches(database: Database, billerId: string, since: Date, limit: number) {
  const newest = (monitor: boolean) =>
    database.db
      .selectFrom('metadataFetches')
      .select(['id', 'at', 'address', 'client', 'status', 'certificates', 'monitor', 'count'])
      .where('billerId', '=', billerId)
      .where('at', '>=', since)
      .where('monitor', '=', monitor)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  const found = [...(await newest(false)), ...(await newest(true))];
  return found.sort((a, b) => b.at.getTime() - a.at.getTime() || b.id - a.id);
}
