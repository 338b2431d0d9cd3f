import type { Database, Statement } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { earlierAppendsEnded } from './earlier-appends.ts';

const NEWEST: Statement = { name: 'audit-newest', text: 'select coalesce(max(id), 0)::float8 as id from audit_events' };

/**
 * Waits until no event can appear any more before the newest one. IDs are drawn before the commit: without this, a reader
 * that goes on from the newest ID misses an event with a smaller one that is committed a moment later.
 *
 * @returns the ID of the newest event, 0 if there is none: all events up to it are visible, or never will be
 * @throws IdpError service_unavailable if a transaction keeps writing events for too long
 */
export async function settledUpTo(database: Database): Promise<number> {
  const [newest] = await database.query<{ id: number }>(NEWEST, []);
  // An INSERT locks the table before it draws an ID. Those that begin now draw larger ones.
  if (!(await earlierAppendsEnded(database))) {
    throw new IdpError('service_unavailable', { detail: 'a transaction is still writing audit events; try again' });
  }
  return newest?.id ?? 0;
}
