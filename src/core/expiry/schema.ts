import type { Generated } from 'kysely';

/** Warnings that a certificate ends soon: each is given once. */
export interface ExpiryWarningsTable {
  keyId: string;
  /** 60, 30, 7 or 1: how many days were left at most. */
  days: number;
  at: Date;
  /** How far its delivery to the webhook is: see `Delivery`. */
  delivery: string;
  attempts: Generated<number>;
  nextAttempt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    expiryWarnings: ExpiryWarningsTable;
  }
}
