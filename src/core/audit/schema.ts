import type { Generated, GeneratedAlways } from 'kysely';

export interface AuditEventsTable {
  id: GeneratedAlways<number>;
  at: Date;
  event: string;
  reference: string;
  billerId: string | null;
  userId: string | null;
  /** Keyed hash of the email, to search by it without storing it. */
  emailHash: string | null;
  requestId: string | null;
  assertionId: string | null;
  keyFingerprint: string | null;
  /** The client of the HTTP request, by the rule of TRUST_PROXY. */
  address: string | null;
  /** Keyed hash of the account that the event is about. */
  accountHash: string | null;
  /** Keyed hashes of the further accounts in the assertion, if the biller gets all of them, or of those a user got. */
  otherAccountHashes: string[] | null;
  /** Keyed hash of the login type, together with the account. */
  loginTypeHash: string | null;
  details: Generated<Record<string, unknown>>;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    auditEvents: AuditEventsTable;
  }
}
