import type { Db } from '../../platform/database/database.ts';
import { createMinuteLimit } from '../../platform/util/minute-limit.ts';
import { deleteTracesBefore, findTrace, insertTrace } from './store.ts';
import type { Trace } from './trace.ts';

const KEPT_MS = 7 * 24 * 3600_000;
/** A flood of bad requests leaves this many traces a minute and instance, not a full disk. */
const MAX_A_MINUTE = 120;

/** Traces of sign-ons that failed, by their reference. */
export interface Traces {
  /** Stores a trace, unless there have been too many. Never throws: a failure is reported with or without its trace. */
  keep(reference: string, billerId: string | undefined, make: () => Trace): Promise<void>;
  find(reference: string): ReturnType<typeof findTrace>;
  deleteExpired(): Promise<void>;
}

export function createTraces({ db, clock }: { db: Db; clock: () => number }): Traces {
  const limit = createMinuteLimit(MAX_A_MINUTE, clock);
  return {
    async keep(reference, billerId, make) {
      if (!limit()) return;
      try {
        await insertTrace(db, reference, billerId, new Date(clock()), make());
      } catch {
        // The failure itself is still reported and audited.
      }
    },
    find: (reference) => findTrace(db, reference),
    deleteExpired: () => deleteTracesBefore(db, new Date(clock() - KEPT_MS)),
  };
}
