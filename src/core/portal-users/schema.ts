import type { Generated } from 'kysely';

export interface PortalUsersTable {
  id: Generated<string>;
  billerId: string;
  email: string;
  /** The email as looked up: in lower case. */
  emailKey: string;
  passwordHash: string;
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
}

/** One-time links to set a new password; a link that was used has no row. */
export interface PasswordLinksTable {
  userId: string;
  /** SHA-256 of the token in the link. */
  tokenHash: Buffer;
  createdAt: Date;
  expiresAt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    portalUsers: PortalUsersTable;
    accounts: AccountsTable;
    knownBrowsers: KnownBrowsersTable;
    passwordLinks: PasswordLinksTable;
  }
}
