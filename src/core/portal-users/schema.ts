import type { Generated } from 'kysely';

/**
 * Who vouches for a portal user: the embedded directory, the portal by its API, or the portal's OpenID Connect provider.
 * The same email in two sources is two people.
 */
export type Source = 'directory' | 'portal' | 'oidc';

export interface PortalUsersTable {
  id: Generated<string>;
  billerId: string;
  source: Generated<Source>;
  /** Who they are at their source; null in the directory, where that is the email. */
  externalId: string | null;
  email: string;
  /** The email as looked up: in lower case. Null outside the directory, where an email is no key. */
  emailKey: string | null;
  /** Null outside the directory. */
  passwordHash: string | null;
  disabled: Generated<boolean>;
  createdAt: Generated<Date>;
}

export interface AccountsTable {
  userId: string;
  number: string;
  role: string;
  position: number;
}

/** Browsers in which a portal user has signed in. */
export interface KnownBrowsersTable {
  /** SHA-256 of the identifier in the cookie. */
  idHash: Buffer;
  userId: string;
  seenAt: Date;
  expiresAt: Date;
  /** What attempts are counted by: it stays when the identifier changes because another person signs in. */
  attemptsKey: Generated<string>;
  /** When the row was copied because another person signed in; null for the row of the user's own last sign-in. */
  copiedAt: Generated<Date | null>;
}

/** One-time links to set a new password; a link that was used has no row. */
export interface PasswordLinksTable {
  userId: string;
  /** SHA-256 of the token in the link. */
  tokenHash: Buffer;
  createdAt: Date;
  expiresAt: Date;
}

/** Imports of users that are under way. */
export interface UserImportsTable {
  id: Generated<string>;
  billerId: string;
  source: Exclude<Source, 'directory'>;
  /** Of all its audit events. */
  reference: string;
  beganAt: Generated<Date>;
}

/** The rows of their files: one for each account of a user. */
export interface UserImportRowsTable {
  importId: string;
  externalId: string;
  line: number;
  email: string;
  account: string;
  role: string;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    portalUsers: PortalUsersTable;
    accounts: AccountsTable;
    knownBrowsers: KnownBrowsersTable;
    passwordLinks: PasswordLinksTable;
    userImports: UserImportsTable;
    userImportRows: UserImportRowsTable;
  }
}
