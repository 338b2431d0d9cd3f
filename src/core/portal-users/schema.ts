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

declare module '../../platform/database/database.ts' {
  interface Tables {
    portalUsers: PortalUsersTable;
    accounts: AccountsTable;
  }
}
