import type { Trace } from './trace.ts';

/** Sign-ons that failed, kept for a week. */
export interface SignOnTracesTable {
  reference: string;
  billerId: string | null;
  at: Date;
  trace: Trace;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    signOnTraces: SignOnTracesTable;
  }
}
