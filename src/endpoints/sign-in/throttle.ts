import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database, Statement } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { waitInWords } from '../../platform/util/wait-in-words.ts';

const WINDOW_SECONDS = 15 * 60;
/** Attempts of one known browser within the window. */
const TRIES_PER_BROWSER = 10;
/** Attempts of strangers on one account within the window, from anywhere. */
const TRIES_PER_ACCOUNT = 10;
/** Attempts of strangers from one network within the window; an office or a carrier may share one. */
const TRIES_PER_NETWORK = 100;

/** Who tries to sign in, and as whom. None of it must identify a person. */
interface Attempt {
  /** The email address that was typed, whether or not anybody has it. */
  readonly account: string;
  readonly address: string;
  /** The browser, if that person has signed in with it before. */
  readonly browser: string | undefined;
}

/**
 * Counts attempts to sign in, in the database, so that all instances count together. A known browser has attempts of its
 * own: strangers can use up neither hers with her email address, nor those of her network.
 */
export interface Throttle {
  /** Counts an attempt. @throws IdpError sign_in_throttled */
  attempt(attempt: Attempt): Promise<void>;
  /** Takes the attempt back: the password was right. Whatever strangers have used up stays so. */
  succeeded(attempt: Attempt): Promise<void>;
  deleteExpired(): Promise<void>;
}

const WORDS = {
  browser: 'There were too many attempts to sign in with this browser.',
  account: 'There were too many attempts to sign in with this email address.',
  network: 'There were too many attempts to sign in from your network.',
};

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
  const limiters = {
    browser: new RateLimiterPostgres({ ...common, keyPrefix: 'browser', points: TRIES_PER_BROWSER }),
    account: new RateLimiterPostgres({ ...common, keyPrefix: 'account', points: TRIES_PER_ACCOUNT }),
    network: new RateLimiterPostgres({ ...common, keyPrefix: 'address', points: TRIES_PER_NETWORK }),
  };

  async function consume(of: keyof typeof limiters, key: string): Promise<void> {
    try {
      await limiters[of].consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const retryAfter = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      const wait = waitInWords(retryAfter);
      const elsewhere = of === 'browser' ? '' : ', or sign in now with a browser that you have used here before';
      throw new IdpError('sign_in_throttled', {
        detail: `too many attempts to sign in: of one ${of}`,
        retryAfter,
        sentence: WORDS[of],
        remedy: `Try again in ${wait}${elsewhere}.`,
      });
    }
  }

  return {
    async attempt({ account, address, browser }) {
      if (browser !== undefined) return consume('browser', browser);
      await consume('network', networkOf(address));
      await consume('account', account);
    },
    async succeeded({ account, address, browser }) {
      if (browser !== undefined) {
        await limiters.browser.delete(browser);
        return;
      }
      await limiters.account.reward(account);
      await limiters.network.reward(networkOf(address));
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
