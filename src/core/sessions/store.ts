import { type Insertable, sql } from 'kysely';
import type { Database, Db, Statement } from '../../platform/database/database.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import type { LaunchedAccount, SessionsTable } from './schema.ts';

/** A session with its portal user and accounts, joined to be read in one round trip. Times are milliseconds since 1970. */
interface SessionRow {
  /** SHA-256 of the identifier in the cookie, hexadecimal. */
  readonly id_hash: string;
  readonly biller_id: string;
  readonly session_index: string;
  readonly authenticated_at: number;
  readonly last_seen_at: number;
  readonly expires_at: number;
  readonly launched_accounts: readonly LaunchedAccount[];
  readonly user_id: string;
  readonly email: string;
  readonly disabled: boolean;
  readonly user_version: string;
  readonly accounts: readonly { readonly number: string; readonly role: string }[];
}

const milliseconds = (column: string) => `(extract(epoch from s.${column}) * 1000)::float8 as ${column}`;

// One text for every number of sessions, so that it is planned once. The array is made before the table is looked at,
// which lets the planner go through the primary key.
const FIND: Statement = {
  name: 'session-find',
  text: `select encode(s.id_hash, 'hex') as id_hash, s.biller_id, s.session_index, ${milliseconds('authenticated_at')},
      ${milliseconds('last_seen_at')}, ${milliseconds('expires_at')}, s.launched_accounts, u.id as user_id, u.email,
      u.disabled, u.xmin::text as user_version, coalesce((select json_agg(json_build_object('number', a.number, 'role', a.role)
        order by a.position, a.number) from accounts a where a.user_id = u.id), '[]') as accounts
    from sessions s join portal_users u on u.id = s.user_id
    where s.id_hash = any(array(select decode(wanted, 'hex') from unnest($1::text[]) wanted))`,
};

/** @param idHash SHA-256 of the identifier in the cookie @returns the session, if it is one at this biller */
export type FindSession = (idHash: Buffer, billerId: string) => Promise<SessionRow | undefined>;

/** Sessions requested at the same time are read together. */
export function createFindSession(database: Database): FindSession {
  const lookUp = createBatchedLookup(async (idHashes) => {
    const rows = await database.query<SessionRow>(FIND, [idHashes]);
    return new Map(rows.map((row) => [row.id_hash, row]));
  });
  return async (idHash, billerId) => {
    const row = await lookUp(idHash.toString('hex'));
    return row?.biller_id === billerId ? row : undefined;
  };
}

/**
 * Inserts a session of a portal user who is still the version that was read. The lock makes a change of the user wait,
 * or be seen: a change that ends all sessions of the user ends this one too.
 *
 * @returns false if the portal user has changed
 */
export async function insertSession(
  db: Db,
  session: Omit<Insertable<SessionsTable>, 'launchedAccounts'>,
  userVersion: string,
): Promise<boolean> {
  const { idHash, billerId, sessionIndex, authenticatedAt, lastSeenAt, expiresAt } = session;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('sessions')
    .columns(['idHash', 'billerId', 'userId', 'sessionIndex', 'authenticatedAt', 'lastSeenAt', 'expiresAt'])
    .expression(({ selectFrom, val, cast }) =>
      selectFrom('portalUsers')
        .select((user) => [
          cast<Buffer>(val(idHash), 'bytea').as('idHash'),
          cast<string>(val(billerId), 'uuid').as('billerId'),
          user.ref('id').as('userId'),
          val(sessionIndex).as('sessionIndex'),
          cast<Date>(val(authenticatedAt), 'timestamptz').as('authenticatedAt'),
          cast<Date>(val(lastSeenAt), 'timestamptz').as('lastSeenAt'),
          cast<Date>(val(expiresAt), 'timestamptz').as('expiresAt'),
        ])
        .where('id', '=', session.userId)
        .where(sql<string>`xmin::text`, '=', userVersion)
        .forShare(),
    )
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function touchSession(db: Db, idHash: Buffer, now: Date): Promise<void> {
  await db.updateTable('sessions').set({ lastSeenAt: now }).where('idHash', '=', idHash).execute();
}

export async function setLaunchedAccounts(db: Db, idHash: Buffer, launched: LaunchedAccount[]): Promise<void> {
  const launchedAccounts = JSON.stringify(launched);
  await db.updateTable('sessions').set({ launchedAccounts }).where('idHash', '=', idHash).execute();
}

/** @returns the user whose session it was */
export async function deleteSession(db: Db, idHash: Buffer) {
  return db.deleteFrom('sessions').where('idHash', '=', idHash).returning(['userId', 'billerId']).executeTakeFirst();
}

/** Deletes sessions that have reached their absolute lifetime. */
export async function deleteExpiredSessions(db: Db, now: Date): Promise<void> {
  await db.deleteFrom('sessions').where('expiresAt', '<', now).execute();
}

export async function deleteSessionsOfUser(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('sessions').where('userId', '=', userId).execute();
}
