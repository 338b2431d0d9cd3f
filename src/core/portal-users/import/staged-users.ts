import { sql } from 'kysely';
import type { Db } from '../../../platform/database/database.ts';
import { MAX_ACCOUNTS } from '../facts.ts';
import type { VouchedUser } from '../vouched.ts';
import type { StagedRow, UserImport } from './imports.ts';

/** Rows that are worked on at a time: their users are changed in one transaction, for which sign-ons must not wait long. */
const ROWS_AT_ONCE = 1_000;
/** Stored users that are looked up at a time. */
const USERS_AT_ONCE = 1_000;

/** Something wrong with a row of the file. */
export interface RowProblem {
  readonly line: number;
  readonly field: 'externalId' | 'email' | 'account' | 'role';
  readonly given: string;
  /** What is wrong or what is accepted, as a clause. */
  readonly complaint: string;
}

interface Page {
  readonly users: readonly VouchedUser[];
  readonly problems: readonly RowProblem[];
  /** The external ID after which the next page begins; undefined if there is none. */
  readonly next: string | undefined;
}

async function rowsAfter(db: Db, importId: string, after: string, most: number): Promise<StagedRow[]> {
  return db
    .selectFrom('userImportRows')
    .select(['externalId', 'line', 'email', 'account', 'role'])
    .where('importId', '=', importId)
    .where('externalId', '>', after)
    .orderBy('externalId')
    .orderBy('line')
    .limit(most)
    .execute();
}

/** @returns what rows of one user say that contradicts an earlier row of theirs */
function contradictions(rows: readonly StagedRow[]): RowProblem[] {
  const [first] = rows;
  if (first !== undefined && rows.length > MAX_ACCOUNTS) {
    const { line, externalId: given } = first;
    const complaint = `has more than ${MAX_ACCOUNTS.toLocaleString('en-US')} accounts, which is the most that a user can have`;
    return [{ line, field: 'externalId', given, complaint }];
  }
  const accounts = new Map<string, StagedRow>();
  return rows.flatMap((row): RowProblem[] => {
    const { line, email, account, role } = row;
    const earlier = accounts.get(account);
    if (earlier === undefined) accounts.set(account, row);
    const complaint =
      earlier?.role === role
        ? `is given to this user twice: line ${earlier.line} has it too`
        : `is given to this user twice: line ${earlier?.line} has it with another role`;
    return [
      ...(email === first?.email
        ? []
        : [
            {
              line,
              field: 'email' as const,
              given: email,
              complaint: `is another one than in line ${first?.line}, which has the same external ID; a user has one email address`,
            },
          ]),
      ...(earlier === undefined ? [] : [{ line, field: 'account' as const, given: account, complaint }]),
    ];
  });
}

const userOf = (externalId: string, rows: readonly StagedRow[]): VouchedUser => ({
  externalId,
  email: rows[0]?.email ?? '',
  accounts: rows.map(({ account: number, role }) => ({ number, role })),
});

function pageOf(groups: readonly (readonly [string, readonly StagedRow[]])[], isCut: boolean): Page {
  return {
    users: groups.map(([externalId, rows]) => userOf(externalId, rows)),
    problems: groups.flatMap(([, rows]) => contradictions(rows)),
    next: isCut ? groups.at(-1)?.[0] : undefined,
  };
}

/**
 * Reads some of an import's users, each with all rows, in the order of their external IDs.
 *
 * @param after the external ID to go on after; empty to begin
 */
export async function readStagedUsers(db: Db, importId: string, after: string): Promise<Page> {
  const rows = await rowsAfter(db, importId, after, ROWS_AT_ONCE + 1);
  const groups = [...Map.groupBy(rows, ({ externalId }) => externalId)];
  if (rows.length <= ROWS_AT_ONCE) return pageOf(groups, false);
  // Further rows of the last user may follow.
  if (groups.length > 1) return pageOf(groups.slice(0, -1), true);
  // One user alone: with one row more than they may have, to see whether they do.
  const [first, ...rest] = Map.groupBy(
    await rowsAfter(db, importId, after, MAX_ACCOUNTS + 1),
    ({ externalId }) => externalId,
  );
  const isCut = rest.length > 0 || (first?.[1].length ?? 0) > MAX_ACCOUNTS;
  return pageOf(first === undefined ? [] : [first], isCut);
}

/**
 * Reads some of the stored users of an import's source who are in none of its rows. Who came after it began is left out:
 * the file can't know of them.
 */
export async function readUnstagedUsers(
  db: Db,
  { id, billerId, source, beganAt }: UserImport,
  after: string,
): Promise<{ readonly externalIds: readonly string[]; readonly next: string | undefined }> {
  const rows = await db
    .selectFrom('portalUsers')
    .select([
      'externalId',
      sql<boolean>`exists (select from user_import_rows r
        where r.import_id = ${id} and r.external_id = portal_users.external_id collate "C")`.as('staged'),
    ])
    .$narrowType<{ externalId: string }>()
    .where('billerId', '=', billerId)
    .where('source', '=', source)
    .where('externalId', '>', after)
    .where('createdAt', '<', beganAt)
    .orderBy('externalId')
    .limit(USERS_AT_ONCE)
    .execute();
  return {
    externalIds: rows.filter(({ staged }) => !staged).map(({ externalId }) => externalId),
    next: rows.length === USERS_AT_ONCE ? rows.at(-1)?.externalId : undefined,
  };
}
