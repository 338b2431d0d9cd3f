import type { Generated } from 'kysely';

/** When the Service Provider of each biller is looked at next. */
export interface ProviderChecksTable {
  billerId: string;
  nextCheck: Date;
}

/** What is not as it should be at a Service Provider, as of the last check. */
export interface ProviderFindingsTable {
  billerId: string;
  kind: string;
  /** Distinguishes findings of a kind: another one is another notice. */
  subject: string;
  /** A clause for operators. */
  finding: string;
  foundAt: Date;
  /** The state of its delivery to the webhook: see `Delivery`. */
  delivery: string;
  attempts: Generated<number>;
  nextAttempt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    providerChecks: ProviderChecksTable;
    providerFindings: ProviderFindingsTable;
  }
}
