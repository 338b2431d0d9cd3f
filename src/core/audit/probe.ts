import { sql } from 'kysely';
import { type Database, isDatabaseGone } from '../../platform/database/database.ts';

/** Why an assertion could not get its audit row, or could lose it. */
export interface AuditProblem {
  /** For anyone: names no role and no value. */
  readonly sentence: string;
  /** For operators: what the database said. */
  readonly detail?: string;
  readonly remedy: string;
  /** Sign-ons fail while it lasts. */
  readonly blocking: boolean;
}

/** An answer counts for this long. A failure is looked at again sooner, to notice its end. */
const GOOD_FOR_MS = 5_000;
const BAD_FOR_MS = 1_000;
const WITHIN_MS = 2_000;

/**
 * A real row, taken back at once. Its ID lies outside of the sequence, which would have gaps otherwise. The transaction
 * around it is committed: it has written to the write-ahead log, so that its commit waits until the log is on disk, as
 * that of an assertion's row does.
 */
const PROBE = `set local lock_timeout = ${WITHIN_MS};
  set local statement_timeout = ${2 * WITHIN_MS};
  savepoint probe;
  insert into audit_events (id, at, event, reference, details) overriding system value
    values (-1 - (random() * 1e15)::bigint, now(), 'probe', '', jsonb_build_object('room', repeat('x', 500)));
  rollback to savepoint probe;
  select name from (values ('fsync'), ('full_page_writes')) as settings (name) where current_setting(name) = 'off'`;

const blocking = (sentence: string, remedy: string, detail?: string): AuditProblem => ({
  sentence,
  remedy,
  blocking: true,
  ...(detail === undefined ? {} : { detail }),
});

/** What to say about each SQLSTATE (PostgreSQL, appendix A). */
const KNOWN: Readonly<Record<string, AuditProblem>> = {
  '25006': blocking(
    'the database is read-only',
    'Let DATABASE_URL lead to the primary server, or reset default_transaction_read_only of the database or its role.',
  ),
  '42501': blocking(
    'the database role of the service may not add to the audit',
    'As the owner of the table: grant insert on audit_events to the role in DATABASE_URL.',
  ),
  '53100': blocking('the disk of the database is full', 'Make room on the disk of the database server.'),
  '55P03': blocking(
    'the audit table is locked',
    "Find who holds the lock: select pid, query from pg_stat_activity where pid in (select pid from pg_locks where relation = 'audit_events'::regclass).",
  ),
  '57014': blocking(
    `the database did not write an audit event within ${(2 * WITHIN_MS) / 1000} seconds`,
    'Look for a full or slow disk and a standby that does not confirm, and in pg_stat_activity for what the server waits for.',
  ),
};

function problemOf(error: unknown): AuditProblem {
  const { code = '', message } = error as { code?: string; message: string };
  return (
    KNOWN[code] ??
    blocking('the database refuses an audit event', 'Look at what the database says, also in its log.', message)
  );
}

/**
 * @returns a function that tries whether an audit row can be written and flushed to disk. It leaves no row. Calls that
 *   come fast share an answer. It throws if the database can't be reached
 */
export function createAuditProbe({ database, clock }: { database: Database; clock: () => number }) {
  let answer: { readonly problems: Promise<readonly AuditProblem[]>; until: number } | undefined;

  async function look(): Promise<readonly AuditProblem[]> {
    try {
      const { rows } = await database.transaction((transaction) =>
        sql<{ name: string }>`${sql.raw(PROBE)}`.execute(transaction),
      );
      return rows.map(({ name }) => ({
        sentence: `${name} is off in the database: a power cut can lose audit events of assertions that were sent`,
        remedy: `Set ${name} = on in postgresql.conf, and reload it.`,
        blocking: false,
      }));
    } catch (error) {
      const { code } = error as { code?: string };
      if (isDatabaseGone(error) && !(code !== undefined && code in KNOWN)) throw error;
      return [problemOf(error)];
    }
  }

  return (): Promise<readonly AuditProblem[]> => {
    if (answer !== undefined && clock() < answer.until) return answer.problems;
    const made = { problems: look(), until: Number.POSITIVE_INFINITY };
    answer = made;
    const expire = (after: number) => {
      made.until = clock() + after;
    };
    made.problems.then(
      (problems) => expire(problems.some((problem) => problem.blocking) ? BAD_FOR_MS : GOOD_FOR_MS),
      () => expire(0),
    );
    return made.problems;
  };
}
