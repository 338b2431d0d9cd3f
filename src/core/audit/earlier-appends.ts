import { setTimeout } from 'node:timers/promises';
import type { Database, Statement } from '../../platform/database/database.ts';

const POLL_MS = 10;
/** Longer than the server lets a statement run. */
const AT_MOST_MS = 6_000;

// Every transaction that inserts into the table locks it like this, before it looks at the state that it checks.
const WRITERS: Statement = {
  name: 'audit-writers',
  text: `select distinct virtualtransaction as writer from pg_locks
    where relation = 'audit_events'::regclass and mode = 'RowExclusiveLock' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and ($1::text[] is null or virtualtransaction = any($1::text[]))`,
};

/**
 * Waits until no assertion can be committed any more that was checked before a change of what it relies on. Call it when
 * that change is committed, and before telling anyone that it is.
 *
 * An INSERT checks the state that was committed when it began, and may itself be committed a moment after the change. It
 * takes no lock on the rows that it checks: signing on never waits for an operator, and a stream of sign-ons never keeps
 * an operator waiting. Instead, the change waits for the transactions that were already writing. Those that begin later
 * see the change. (PostgreSQL builds indexes concurrently in the same way.)
 */
export async function earlierAppendsEnded(database: Database): Promise<void> {
  const deadline = performance.now() + AT_MOST_MS;
  let writers: readonly string[] | null = null;
  do {
    if (writers !== null) await setTimeout(POLL_MS);
    const rows: { writer: string }[] = await database.query<{ writer: string }>(WRITERS, [writers]);
    writers = rows.map(({ writer }) => writer);
  } while (writers.length > 0 && performance.now() < deadline);
}
