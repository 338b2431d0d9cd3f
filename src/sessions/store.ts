import { eq, lt } from 'drizzle-orm';
import type { Database, Orm, Statement } from '../database/database.ts';
import { sessions } from '../database/schema.ts';

export interface LaunchedAccount {
  readonly number: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A session with its portal user and accounts, read in one round trip. Times are milliseconds since 1970. */
export interface SessionRow {
  readonly session_index: string;
  readonly authenticated_at: number;
  readonly last_seen_at: number;
  readonly expires_at: number;
  readonly launched_accounts: readonly LaunchedAccount[];
  readonly user_id: string;
  readonly email: string;
  readonly disabled: boolean;
  readonly accounts: readonly { readonly number: string; readonly role: string }[];
}

const milliseconds = (column: string) => `(extract(epoch from s.${column}) * 1000)::float8 as ${column}`;

const FIND: Statement = {
  name: 'session-find',
  text: `select s.session_index, ${milliseconds('authenticated_at')}, ${milliseconds('last_seen_at')},
      ${milliseconds('expires_at')}, s.launched_accounts, u.id as user_id, u.email, u.disabled,
      coalesce((select json_agg(json_build_object('number', a.number, 'role', a.role) order by a.position, a.number)
        from accounts a where a.user_id = u.id), '[]') as accounts
    from sessions s join portal_users u on u.id = s.user_id
    where s.id_hash = $1 and s.biller_id = $2`,
};

export async function findSession(
  database: Database,
  idHash: Buffer,
  billerId: string,
): Promise<SessionRow | undefined> {
  return (await database.query<SessionRow>(FIND, [idHash, billerId]))[0];
}

export async function insertSession(orm: Orm, session: typeof sessions.$inferInsert): Promise<void> {
  await orm.insert(sessions).values(session);
}

export async function touchSession(orm: Orm, idHash: Buffer, now: Date): Promise<void> {
  await orm.update(sessions).set({ lastSeenAt: now }).where(eq(sessions.idHash, idHash));
}

export async function setLaunchedAccounts(orm: Orm, idHash: Buffer, launched: LaunchedAccount[]): Promise<void> {
  await orm.update(sessions).set({ launchedAccounts: launched }).where(eq(sessions.idHash, idHash));
}

/** @returns the user whose session it was */
export async function deleteSession(orm: Orm, idHash: Buffer) {
  const rows = await orm
    .delete(sessions)
    .where(eq(sessions.idHash, idHash))
    .returning({ userId: sessions.userId, billerId: sessions.billerId });
  return rows[0];
}

/** Removes sessions whose absolute lifetime is over. */
export async function deleteExpiredSessions(orm: Orm, now: Date): Promise<void> {
  await orm.delete(sessions).where(lt(sessions.expiresAt, now));
}

export async function deleteSessionsOfUser(orm: Orm, userId: string): Promise<void> {
  await orm.delete(sessions).where(eq(sessions.userId, userId));
}
