import { hash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, Db, Statement, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import { emailKeyOf } from './store.ts';

/** A browser in which a portal user signed in before. */
export interface KnownBrowser {
  readonly userId: string;
  /** Tells this user in this browser from every other, and reveals neither. The next sign-in of this user changes it. */
  readonly key: string;
}

/**
 * The browsers that portal users have signed in with, by a secret in a cookie. It opens nothing: it only separates the
 * attempts of who has been here before from those of strangers (OWASP, device cookies).
 */
export interface KnownBrowsers {
  /** @param id from the cookie @returns undefined unless the user with this email signed in with it at this biller */
  find(id: string | undefined, billerId: string, email: string): Promise<KnownBrowser | undefined>;
  /**
   * Notes that a portal user has signed in with a browser.
   *
   * @param previousId from the cookie
   * @returns the new identifier for the cookie. For this user, a copy of the previous one is worth nothing from now on.
   *   Others of the browser are known by both, because who signs in may have copied the cookie of theirs
   */
  note(transaction: Transaction, user: KnownUser, previousId: string | undefined): Promise<string>;
}

interface KnownUser {
  readonly id: string;
  readonly billerId: string;
}

const ID = /^[\w-]{43}$/;
const DAY_MS = 24 * 3600_000;
/** How long a browser is remembered after the last sign-in. */
export const KNOWN_FOR_MS = 365 * DAY_MS;
/** The ones seen last are kept. A browser may be a family's; nobody signs in with more of them. */
const MOST = { browsersOfUser: 20, usersOfBrowser: 5 };

const hashId = (id: string) => hash('sha256', id, 'buffer');

interface Row {
  /** Hexadecimal. */
  readonly id_hash: string;
  readonly user_id: string;
  readonly attempts_key: string;
  readonly biller_id: string;
  readonly email_key: string;
  /** Milliseconds since 1970. */
  readonly expires_at: number;
}

const FIND: Statement = {
  name: 'known-browser-find',
  text: `select encode(b.id_hash, 'hex') as id_hash, b.user_id, b.attempts_key, u.biller_id, u.email_key,
      (extract(epoch from b.expires_at) * 1000)::float8 as expires_at
    from known_browsers b join portal_users u on u.id = b.user_id
    where b.id_hash = any(array(select decode(wanted, 'hex') from unnest($1::text[]) wanted))`,
};

export function createKnownBrowsers(services: { database: Database; clock: () => number }): KnownBrowsers {
  const { database, clock } = services;
  const usersOf = createBatchedLookup(async (idHashes) => {
    const rows = await database.query<Row>(FIND, [idHashes]);
    return Map.groupBy(rows, (row) => row.id_hash);
  });

  return {
    async find(id, billerId, email) {
      if (id === undefined || !ID.test(id)) return undefined;
      const rows = (await usersOf(hashId(id).toString('hex'))) ?? [];
      const emailKey = emailKeyOf(email);
      const row = rows.find((one) => one.biller_id === billerId && one.email_key === emailKey);
      if (row === undefined || row.expires_at <= clock()) return undefined;
      return { userId: row.user_id, key: row.attempts_key };
    },

    async note(transaction, { id: userId, billerId }, previousId) {
      const id = randomBytes(32).toString('base64url');
      const idHash = hashId(id);
      if (previousId !== undefined && ID.test(previousId)) {
        await takeAlong(transaction, { userId, billerId }, hashId(previousId), idHash, new Date(clock()));
      }
      const seen = { seenAt: new Date(clock()), expiresAt: new Date(clock() + KNOWN_FOR_MS) };
      await transaction
        .insertInto('knownBrowsers')
        .values({ idHash, userId, ...seen })
        .execute();
      await keepNewest(transaction, 'userId', userId, MOST.browsersOfUser);
      await keepNewest(transaction, 'idHash', idHash, MOST.usersOfBrowser);
      return id;
    },
  };
}

/**
 * Forgets the previous identifier of who signs in, with all copies of it, and makes the other users of the browser known by
 * the new one. Each of them has one copy at most, besides the row of their own last sign-in: nobody can use up the browsers
 * of somebody else.
 */
async function takeAlong(
  transaction: Transaction,
  { userId, billerId }: { readonly userId: string; readonly billerId: string },
  previous: Buffer,
  next: Buffer,
  now: Date,
): Promise<void> {
  const own = transaction
    .selectFrom('knownBrowsers')
    .select('attemptsKey')
    .where('idHash', '=', previous)
    .where('userId', '=', userId);
  await transaction.deleteFrom('knownBrowsers').where('userId', '=', userId).where('attemptsKey', 'in', own).execute();
  const ofBiller = transaction.selectFrom('portalUsers').select('id').where('billerId', '=', billerId);
  const others = await transaction
    .selectFrom('knownBrowsers')
    .selectAll()
    .where('idHash', '=', previous)
    .where('userId', 'in', ofBiller)
    .execute();
  if (others.length === 0) return;
  const keys = others.map(({ attemptsKey }) => attemptsKey);
  await transaction
    .deleteFrom('knownBrowsers')
    .where('attemptsKey', 'in', keys)
    .where('copiedAt', 'is not', null)
    .execute();
  const copies = others.map((row) => ({ ...row, idHash: next, copiedAt: now }));
  await transaction.insertInto('knownBrowsers').values(copies).execute();
}

/** A row by its place (PostgreSQL, 5.6): a limit can't name one by a key of two columns. */
const place = sql<string>`ctid`;

async function keepNewest(transaction: Transaction, of: 'userId' | 'idHash', value: string | Buffer, most: number) {
  const older = transaction
    .selectFrom('knownBrowsers')
    .select(place.as('place'))
    .where(of, '=', value)
    .orderBy('seenAt', 'desc')
    .offset(most);
  await transaction.deleteFrom('knownBrowsers').where(place, 'in', older).execute();
}

/** Makes every browser of a portal user a stranger again. */
export async function forgetBrowsersOfUser(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('knownBrowsers').where('userId', '=', userId).execute();
}

export async function deleteExpiredBrowsers(db: Db, now: Date): Promise<void> {
  const expired = db.selectFrom('knownBrowsers').select(place.as('place')).where('expiresAt', '<', now);
  await deleteInBatches((most) =>
    db.deleteFrom('knownBrowsers').where(place, 'in', expired.limit(most)).executeTakeFirst(),
  );
}
