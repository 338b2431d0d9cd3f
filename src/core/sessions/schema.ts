import type { ColumnType } from 'kysely';

/** An account that a launch named. */
export interface LaunchedAccount {
  readonly number: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SessionsTable {
  /** SHA-256 of the identifier in the cookie. */
  idHash: Buffer;
  billerId: string;
  userId: string;
  /** What the Service Provider knows the session by. Says nothing about the cookie. */
  sessionIndex: string;
  authenticatedAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  /** Accounts that launches named and no sign-on has used yet. Written as JSON: the driver takes an array for text[]. */
  launchedAccounts: ColumnType<LaunchedAccount[], string | undefined, string>;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    sessions: SessionsTable;
  }
}
