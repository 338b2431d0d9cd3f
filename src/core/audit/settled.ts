import { setTimeout } from 'node:timers/promises';
import type { Database, Statement } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

const LOOK_EVERY_MS = 20;
/** A sign-on writes its event in milliseconds, an import of portal users in seconds. */
const WAIT_AT_MOST_MS = 30_000;

const NEWEST: Statement = { name: 'audit-newest', text: 'select coalesce(max(id), 0)::float8 as id from audit_events' };

// A transaction takes this lock before it draws an ID, and gives it back when its rows are visible or discarded.
const WRITING: Statement = {
  name: 'audit-writing',
  text: `select virtualtransaction as transaction from pg_locks
    where locktype = 'relation' and relation = 'audit_events'::regclass and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`,
};

/**
 * Waits until no event can appear any more before the newest one. IDs are drawn before the commit: without this, whoever
 * reads on from the newest ID misses an event with a smaller one that is committed a moment later.
 *
 * @returns the ID of the newest event, 0 if there is none: all events up to it are visible, or never will be
 * @throws IdpError service_unavailable if a transaction keeps writing events for half a minute
 */
export async function settledUpTo(database: Database): Promise<number> {
  const [newest] = await database.query<{ id: number }>(NEWEST, []);
  const writing = async () =>
    new Set((await database.query<{ transaction: string }>(WRITING, [])).map(({ transaction }) => transaction));
  // Those that begin later draw larger IDs.
  let pending = await writing();
  for (let waited = 0; pending.size > 0; waited += LOOK_EVERY_MS) {
    if (waited >= WAIT_AT_MOST_MS) {
      throw new IdpError('service_unavailable', { detail: 'a transaction is still writing audit events; try again' });
    }
    await setTimeout(LOOK_EVERY_MS);
    pending = pending.intersection(await writing());
  }
  return newest?.id ?? 0;
}
