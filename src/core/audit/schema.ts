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
  details: Generated<Record<string, unknown>>;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    auditEvents: AuditEventsTable;
  }
}
