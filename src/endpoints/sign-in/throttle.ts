import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database, Statement } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/network.ts';

const WINDOW_SECONDS = 15 * 60;
/** Attempts on one account within the window, from anywhere. */
const TRIES_PER_ACCOUNT = 10;
/** Attempts from one address within the window; an office or a carrier may share one. */
const TRIES_PER_ADDRESS = 100;

/** Counts attempts to sign in, in the database, so that all instances count together. */
export interface Throttle {
  /** Counts an attempt. @throws IdpError sign_in_throttled */
  attempt(account: string, address: string): Promise<void>;
  /** Takes the attempt back: the password was right. */
  succeeded(account: string, address: string): Promise<void>;
  deleteExpired(): Promise<void>;
}

/** @param database has the counts in its table sign_in_attempts, whose keys must not identify a person */
export function createThrottle(database: Database): Throttle {
  const common = {
    // The limiter expects a node-postgres client and uses only this much of it.
    storeClient: {
      query: async ({ name, text, values }: Statement & { values: unknown[] }) => {
        const rows = await database.query({ name, text }, values);
        return { rows, rowCount: rows.length };
      },
    },
    storeType: 'client',
    tableName: 'sign_in_attempts',
    tableCreated: true,
    duration: WINDOW_SECONDS,
    // The library's own sweep would outlive the database connection: see deleteExpired.
    clearExpiredByTimeout: false,
  };
  const accounts = new RateLimiterPostgres({ ...common, keyPrefix: 'account', points: TRIES_PER_ACCOUNT });
  const addresses = new RateLimiterPostgres({ ...common, keyPrefix: 'address', points: TRIES_PER_ADDRESS });

  async function consume(limiter: RateLimiterPostgres, key: string): Promise<void> {
    try {
      await limiter.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const retryAfter = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw new IdpError('sign_in_throttled', { detail: 'too many attempts to sign in', retryAfter });
    }
  }

  return {
    async attempt(account, address) {
      await consume(addresses, networkOf(address));
      await consume(accounts, account);
    },
    async succeeded(account, address) {
      await accounts.delete(account);
      await addresses.reward(networkOf(address));
    },
    deleteExpired: async () => {
      // The limiter uses the machine's clock, not an injected one.
      const { db } = database;
      const expired = db.selectFrom('signInAttempts').select('key').where('expire', '<', Date.now());
      await deleteInBatches((most) =>
        db.deleteFrom('signInAttempts').where('key', 'in', expired.limit(most)).executeTakeFirst(),
      );
    },
  };
}
