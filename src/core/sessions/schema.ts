import type { ColumnType, Generated } from 'kysely';

/** An account named by a launch. */
export interface LaunchedAccount {
  readonly number: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How a portal user became known: by their password here, by the portal's word, or by its OpenID Connect provider. */
export type BeganBy = 'password' | 'portal' | 'oidc';

export interface SessionsTable {
  /** SHA-256 of the identifier in the cookie. */
  idHash: Buffer;
  billerId: string;
  userId: string;
  /** The identifier by which the Service Provider knows the session. Reveals nothing about the cookie. */
  sessionIndex: string;
  authenticatedAt: Date;
  beganBy: Generated<BeganBy>;
  lastSeenAt: Date;
  expiresAt: Date;
  /** Accounts from launches that no sign-on has used yet. Written as JSON: the driver treats an array as text[]. */
  launchedAccounts: ColumnType<LaunchedAccount[], string | undefined, string>;
  /** The account of a session inside a frame, which is for one launch; null at top level. */
  framedAccount: Generated<string | null>;
  /** When the person proved to the provider who they are (auth_time); null if it did not say. */
  provenAt: Generated<Date | null>;
  /** The AuthnContext class that the provider's acr is mapped to; null if there is none. */
  authnContext: Generated<string | null>;
  /** The provider's own ID of the session (sid). */
  providerSession: Generated<string | null>;
  /** The ID token, sealed under a key that the identifier in the cookie gives. */
  sealedIdToken: Generated<Buffer | null>;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    sessions: SessionsTable;
  }
}
