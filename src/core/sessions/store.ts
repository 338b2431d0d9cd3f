import type { Insertable } from 'kysely';
import type { Database, Db, Statement, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import type { BeganBy, LaunchedAccount, SessionsTable } from './schema.ts';

/** A session with its portal user and accounts, joined to be read in one round trip. Times are milliseconds since 1970. */
interface SessionRow {
  /** SHA-256 of the identifier in the cookie, hexadecimal. */
  readonly id_hash: string;
  readonly biller_id: string;
  readonly session_index: string;
  readonly authenticated_at: number;
  readonly began_by: BeganBy;
  readonly last_seen_at: number;
  readonly expires_at: number;
  readonly launched_accounts: readonly LaunchedAccount[];
  readonly framed_account: string | null;
  readonly proven_at: number | null;
  readonly authn_context: string | null;
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
  text: `select encode(s.id_hash, 'hex') as id_hash, s.biller_id, s.session_index, s.began_by, ${milliseconds('authenticated_at')},
      ${milliseconds('last_seen_at')}, ${milliseconds('expires_at')}, ${milliseconds('proven_at')}, s.authn_context, s.launched_accounts, s.framed_account,
      u.id as user_id, u.email, u.disabled, u.xmin::text as user_version, coalesce((select json_agg(json_build_object('number', a.number, 'role', a.role)
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
 * Inserts a session if its portal user still has this password and email address (none, outside the directory), and is not disabled. Locks the user's row until the end of
 * the transaction: a change that ends the user's sessions comes either before it, and is seen, or after it, and sees the
 * session.
 *
 * @returns whether it was inserted
 */
export async function insertSession(
  db: Db,
  session: Insertable<Omit<SessionsTable, 'launchedAccounts'>>,
  { passwordHash, emailKey }: { readonly passwordHash: string | null; readonly emailKey: string | null },
  launched: readonly LaunchedAccount[] = [],
): Promise<boolean> {
  const { idHash, billerId, userId, sessionIndex, authenticatedAt, lastSeenAt, expiresAt, beganBy, framedAccount } =
    session;
  const { provenAt = null, authnContext = null, providerSession = null, sealedIdToken = null } = session;
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('sessions')
    .columns([
      'idHash',
      'billerId',
      'userId',
      'sessionIndex',
      'authenticatedAt',
      'lastSeenAt',
      'expiresAt',
      'beganBy',
      'launchedAccounts',
      'framedAccount',
      'provenAt',
      'authnContext',
      'providerSession',
      'sealedIdToken',
    ])
    .expression((query) =>
      query
        .selectFrom('portalUsers')
        .select((value) => [
          value.cast<Buffer>(value.val(idHash), 'bytea').as('idHash'),
          'billerId',
          'id',
          value.cast<string>(value.val(sessionIndex), 'text').as('sessionIndex'),
          value.cast<Date>(value.val(authenticatedAt), 'timestamptz').as('authenticatedAt'),
          value.cast<Date>(value.val(lastSeenAt), 'timestamptz').as('lastSeenAt'),
          value.cast<Date>(value.val(expiresAt), 'timestamptz').as('expiresAt'),
          value.cast<BeganBy>(value.val(beganBy ?? 'password'), 'text').as('beganBy'),
          value.cast<string>(value.val(JSON.stringify(launched)), 'jsonb').as('launchedAccounts'),
          value.cast<string | null>(value.val(framedAccount ?? null), 'text').as('framedAccount'),
          value.cast<Date | null>(value.val(provenAt), 'timestamptz').as('provenAt'),
          value.cast<string | null>(value.val(authnContext), 'text').as('authnContext'),
          value.cast<string | null>(value.val(providerSession), 'text').as('providerSession'),
          value.cast<Buffer | null>(value.val(sealedIdToken), 'bytea').as('sealedIdToken'),
        ])
        .where('id', '=', userId)
        .where('billerId', '=', billerId)
        .where('passwordHash', 'is not distinct from', passwordHash)
        .where('emailKey', 'is not distinct from', emailKey)
        .where('disabled', '=', false)
        .forShare(),
    )
    .executeTakeFirst();
  return Number(numInsertedOrUpdatedRows) === 1;
}

export async function touchSession(db: Db, idHash: Buffer, now: Date): Promise<void> {
  await db.updateTable('sessions').set({ lastSeenAt: now }).where('idHash', '=', idHash).execute();
}

export async function setLaunchedAccounts(db: Db, idHash: Buffer, launched: LaunchedAccount[]): Promise<void> {
  const launchedAccounts = JSON.stringify(launched);
  await db.updateTable('sessions').set({ launchedAccounts }).where('idHash', '=', idHash).execute();
}

/** Locks a portal user until the end of the transaction, against other launches of theirs. */
export async function lockFrames(transaction: Transaction, userId: string): Promise<void> {
  await transaction.selectFrom('portalUsers').select('id').where('id', '=', userId).forNoKeyUpdate().execute();
}

/**
 * @param since launches from before count no more
 * @param besides sessions that don't count
 * @returns whether a session of a portal user inside a frame waits for the sign-on of its launch
 */
export async function isFrameOnItsWay(
  db: Db,
  userId: string,
  since: Date,
  besides: readonly Buffer[],
): Promise<boolean> {
  const waiting = await db
    .selectFrom('sessions')
    .select('idHash')
    .where('userId', '=', userId)
    .where('framedAccount', 'is not', null)
    .where('authenticatedAt', '>', since)
    .where((value) => value(value.fn<number>('jsonb_array_length', ['launchedAccounts']), '>', 0))
    .execute();
  return waiting.some(({ idHash }) => !besides.some((one) => one.equals(idHash)));
}

export async function deleteSession(db: Db, idHash: Buffer): Promise<void> {
  await db.deleteFrom('sessions').where('idHash', '=', idHash).execute();
}

/** @param billerId deletes only those at this biller @returns what they were */
export async function deleteSessions(db: Db, idHashes: readonly Buffer[], billerId?: string) {
  const found = db.deleteFrom('sessions').where('idHash', 'in', idHashes);
  const meant = billerId === undefined ? found : found.where('billerId', '=', billerId);
  return meant.returning(['idHash', 'userId', 'billerId', 'beganBy', 'sealedIdToken']).execute();
}

/** Deletes sessions that have reached their absolute lifetime. */
export async function deleteExpiredSessions(db: Db, now: Date): Promise<void> {
  const expired = db.selectFrom('sessions').select('idHash').where('expiresAt', '<', now);
  await deleteInBatches((most) =>
    db.deleteFrom('sessions').where('idHash', 'in', expired.limit(most)).executeTakeFirst(),
  );
}

export async function deleteSessionsOfUser(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('sessions').where('userId', '=', userId).execute();
}

/** Which sessions of a biller: all of them, those of some portal users, or one. */
export interface SessionFilter {
  readonly billerId: string;
  readonly userIds?: readonly string[] | undefined;
  readonly sessionIndex?: string | undefined;
  readonly now: Date;
  /** The biller's limit; a session that was idle for longer has ended, though its row may still be there. */
  readonly idleMs: number;
}

/** Lists live sessions with their portal users, the last seen first. */
export async function listSessions(db: Db, { billerId, userIds, now, idleMs }: SessionFilter) {
  let query = db
    .selectFrom('sessions')
    .innerJoin('portalUsers', 'portalUsers.id', 'sessions.userId')
    .select([
      'sessionIndex',
      'userId',
      'email',
      'source',
      'externalId',
      'beganBy',
      'authenticatedAt',
      'lastSeenAt',
      'expiresAt',
    ])
    .where('sessions.billerId', '=', billerId)
    .where('expiresAt', '>', now)
    .where('lastSeenAt', '>', new Date(now.getTime() - idleMs))
    .where('disabled', '=', false)
    .orderBy('lastSeenAt', 'desc');
  if (userIds !== undefined) query = query.where('userId', 'in', userIds);
  return query.execute();
}

/**
 * Ends sessions, also those that are no longer live. Every instance reads a session at each request, so that all of
 * them know at once.
 *
 * @returns the portal user of each session that was ended
 */
export async function endSessions(transaction: Transaction, { billerId, userIds, sessionIndex }: SessionFilter) {
  let query = transaction
    .deleteFrom('sessions')
    .using('portalUsers')
    .whereRef('portalUsers.id', '=', 'sessions.userId')
    .where('sessions.billerId', '=', billerId)
    .returning(['sessions.userId', 'portalUsers.email']);
  if (userIds !== undefined) query = query.where('sessions.userId', 'in', userIds);
  if (sessionIndex !== undefined) query = query.where('sessions.sessionIndex', '=', sessionIndex);
  return query.execute();
}

/** Ends the sessions of a biller that began in these ways. @returns how many */
export async function endSessionsBegunBy(transaction: Transaction, billerId: string, ways: readonly BeganBy[]) {
  const { numDeletedRows } = await transaction
    .deleteFrom('sessions')
    .where('billerId', '=', billerId)
    .where('beganBy', 'in', ways)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Which sessions a provider ends: one of its own, or all of a person. */
export interface ProviderSessions {
  readonly sid: string | undefined;
  readonly sub: string | undefined;
  /** Sessions that began later are not meant. */
  readonly issuedAt: Date;
}

/**
 * Ends sessions that began at the provider of a biller. A session whose ID the provider never told is ended with all of the
 * person.
 *
 * @returns the portal user of each
 */
export async function endProviderSessions(transaction: Transaction, billerId: string, which: ProviderSessions) {
  const { sid, sub, issuedAt } = which;
  return transaction
    .deleteFrom('sessions')
    .using('portalUsers')
    .whereRef('portalUsers.id', '=', 'sessions.userId')
    .where('sessions.billerId', '=', billerId)
    .where('sessions.beganBy', '=', 'oidc')
    .where('sessions.authenticatedAt', '<=', issuedAt)
    .where((is) => {
      const ofPerson = sub === undefined ? [] : [is('portalUsers.externalId', '=', sub)];
      if (sid === undefined) return is.and(ofPerson);
      const isNamed = is('sessions.providerSession', '=', sid);
      // Only where the person is named too, a session whose ID was never told can be theirs.
      const isMeant = sub === undefined ? isNamed : is.or([isNamed, is('sessions.providerSession', 'is', null)]);
      return is.and([...ofPerson, isMeant]);
    })
    .returning(['sessions.userId', 'portalUsers.email'])
    .execute();
}
