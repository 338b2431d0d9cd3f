import type { Generated } from 'kysely';

/** Warnings that a certificate expires soon; each is given once. */
export interface ExpiryWarningsTable {
  keyId: string;
  /** 60, 30, 7 or 1: the maximum number of days that were left. */
  days: number;
  at: Date;
  /** The state of its delivery to the webhook: see `Delivery`. */
  delivery: string;
  attempts: Generated<number>;
  nextAttempt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    expiryWarnings: ExpiryWarningsTable;
  }
}
