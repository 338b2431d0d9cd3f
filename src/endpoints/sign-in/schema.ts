/** Attempts counted by rate-limiter-flexible's RateLimiterPostgres, which prescribes the columns and their order. */
export interface SignInAttemptsTable {
  key: string;
  points: number;
  /** Milliseconds since 1970. */
  expire: number | null;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    signInAttempts: SignInAttemptsTable;
  }
}
