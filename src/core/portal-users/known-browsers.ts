import { hash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, Db, Statement, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import { emailKeyOf } from './store.ts';

/** A browser in which a portal user signed in before. */
export interface KnownBrowser {
  readonly userId: string;
  /** Tells this user in this browser from every other, and reveals neither. */
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
   * @returns the new identifier for the cookie. A copy of the previous one is worth nothing from now on
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
  readonly biller_id: string;
  readonly email_key: string;
  /** Milliseconds since 1970. */
  readonly expires_at: number;
}

const FIND: Statement = {
  name: 'known-browser-find',
  text: `select encode(b.id_hash, 'hex') as id_hash, b.user_id, u.biller_id, u.email_key,
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
      return { userId: row.user_id, key: hash('sha256', `${row.id_hash} ${row.user_id}`, 'base64url') };
    },

    async note(transaction, { id: userId, billerId }, previousId) {
      const id = randomBytes(32).toString('base64url');
      const idHash = hashId(id);
      if (previousId !== undefined && ID.test(previousId)) {
        const ofBiller = transaction.selectFrom('portalUsers').select('id').where('billerId', '=', billerId);
        await transaction
          .updateTable('knownBrowsers')
          .set({ idHash })
          .where('idHash', '=', hashId(previousId))
          .where('userId', 'in', ofBiller)
          .execute();
      }
      const seen = { seenAt: new Date(clock()), expiresAt: new Date(clock() + KNOWN_FOR_MS) };
      await transaction
        .insertInto('knownBrowsers')
        .values({ idHash, userId, ...seen })
        .onConflict((conflict) => conflict.columns(['idHash', 'userId']).doUpdateSet(seen))
        .execute();
      await keepNewest(transaction, 'userId', userId, MOST.browsersOfUser);
      await keepNewest(transaction, 'idHash', idHash, MOST.usersOfBrowser);
      return id;
    },
  };
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
