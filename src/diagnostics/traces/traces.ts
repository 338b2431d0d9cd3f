import type { Db } from '../../platform/database/database.ts';
import { createBudget } from '../../platform/util/budget.ts';
import { deleteTracesBefore, findTrace, insertTrace } from './store.ts';
import type { Trace } from './trace.ts';

const KEPT_MS = 7 * 24 * 3600_000;
/**
 * Traces a minute: a flood of bad requests leaves these, not a full disk. Each biller has its share, and so has what
 * belongs to none.
 */
const STRANGERS = { all: 1_000, each: 120 };
/** Traces a minute of portal users who are signed in. */
const USERS = { all: 1_000, each: 60 };

/** What failed, and whose it was. */
interface Failure {
  readonly reference: string;
  /** Undefined if no biller was found. */
  readonly billerId: string | undefined;
  /** Where the request came from: see networkOf. */
  readonly network: string;
  /** @returns the portal user who is signed in; asked only if the budget of strangers is used up */
  readonly user: () => Promise<string | undefined>;
}

/** Traces of sign-ons that failed, by their reference. */
export interface Traces {
  /** Stores a trace, unless there have been too many. Never throws: a failure is reported with or without its trace. */
  keep(failure: Failure, make: () => Trace): Promise<void>;
  find(reference: string): ReturnType<typeof findTrace>;
  deleteExpired(): Promise<void>;
}

export function createTraces({ db, clock }: { db: Db; clock: () => number }): Traces {
  const strangers = createBudget(STRANGERS, clock);
  const users = createBudget(USERS, clock);

  async function isKept({ billerId = '', network, user }: Failure): Promise<boolean> {
    if (strangers.take(billerId, network) === 'taken') return true;
    const known = await user();
    return known !== undefined && users.take(known, '') === 'taken';
  }

  return {
    async keep(failure, make) {
      try {
        if (!(await isKept(failure))) return;
        await insertTrace(db, failure.reference, failure.billerId, new Date(clock()), make());
      } catch {
        // The failure itself is still reported and audited.
      }
    },
    find: (reference) => findTrace(db, reference),
    deleteExpired: () => deleteTracesBefore(db, new Date(clock() - KEPT_MS)),
  };
}
