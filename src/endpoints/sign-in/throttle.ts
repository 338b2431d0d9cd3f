import { isIP } from 'node:net';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Database, Statement } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

const WINDOW_SECONDS = 15 * 60;
/** Tries on one account within the window, from anywhere. */
const TRIES_PER_ACCOUNT = 10;
/** Tries from one address within the window; an office or a carrier may share one. */
const TRIES_PER_ADDRESS = 100;

/** One IPv6 subscriber has at least 2^64 addresses, so they are counted together: the /64 (RFC 6177). */
function networkOf(address: string): string {
  // A proxy that passes on what it was sent may call anything an address, of any length.
  if (isIP(address) === 0) return 'unknown';
  if (isIP(address) === 4 || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - groups.length - behind.length).fill('0');
  return [...groups, ...zeros, ...behind].slice(0, 4).join(':').toLowerCase();
}

/** Counts attempts to sign in, in the database, so that all instances count together. */
export interface Throttle {
  /** Counts an attempt. @throws IdpError sign_in_throttled */
  attempt(account: string, address: string): Promise<void>;
  /** Takes the attempt back: it was the right password. */
  succeeded(account: string, address: string): Promise<void>;
  deleteExpired(): Promise<void>;
}

/** @param database counts are in its table rate_limits; keys should not reveal who they are about */
export function createThrottle(database: Database): Throttle {
  const common = {
    // The limiter wants a client of node-postgres, and of that no more than this.
    storeClient: {
      query: async ({ name, text, values }: Statement & { values: unknown[] }) => {
        const rows = await database.query({ name, text }, values);
        return { rows, rowCount: rows.length };
      },
    },
    storeType: 'client',
    tableName: 'rate_limits',
    tableCreated: true,
    duration: WINDOW_SECONDS,
    // Its own sweep would go on after the database is closed: see deleteExpired.
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
      // The limiter counts time by the clock of the machine, not by an injected one.
      await database.db.deleteFrom('rateLimits').where('expire', '<', Date.now()).execute();
    },
  };
}
