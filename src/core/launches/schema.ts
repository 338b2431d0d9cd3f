import type { Generated } from 'kysely';
import type { ViewMode } from '../../protocols/invoice-cloud/redirect-link.ts';

/** Launches that a portal's back end asked for, each with the ticket that begins it. */
export interface LaunchTicketsTable {
  /** Names the launch; no secret. */
  id: string;
  /** SHA-256 of the ticket. */
  ticketHash: Buffer;
  /** Of the ticket that it had before it got another one. */
  replacedHash: Generated<Buffer | null>;
  billerId: string;
  userId: string;
  account: string;
  destination: number;
  viewMode: ViewMode;
  /** Where the portal user goes back to. */
  returnUrl: string | null;
  /** Where the portal makes a new launch when this one can't be used. */
  refreshUrl: string | null;
  expiresAt: Date;
  usedAt: Date | null;
  /** When it led back to the refreshUrl. */
  refreshedAt: Date | null;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    launchTickets: LaunchTicketsTable;
  }
}
