import { createBudget } from '../../platform/util/budget.ts';
import { newReference } from '../../platform/util/reference.ts';
import type { AuditEvent } from './events.ts';
import type { Fence } from './fence.ts';
import type { AuditWriter } from './writer.ts';

/** An event that anyone can cause. */
type StrangersEvent = Extract<
  AuditEvent,
  { event: 'sign_on.refused' | 'sign_in.failed' | 'launch.refused' | 'api.refused' | 'launch.ticket_refused' }
>;

/** Where an event came from. */
interface Origin {
  /** See networkOf. */
  readonly network: string;
  /** @returns the portal user who is signed in; asked only if the budget of strangers is used up */
  readonly user: () => Promise<string | undefined>;
}

/**
 * Writes events that anyone can cause: one row each within a budget. Beyond it they are counted, and the count is a row
 * when the minute is over. What a portal user does has a budget of its own.
 */
export interface StrangersAudit {
  /**
   * Resolves once the event is committed or counted.
   *
   * @param fence what a Response relies on
   * @throws IdpError service_unavailable if it can't be committed; OutdatedState if the fence does not hold any more
   */
  append(event: StrangersEvent, from: Origin, fence?: Fence): Promise<void>;
  /** Writes the counts so far. Never throws: what can't be written is counted on. */
  flush(): Promise<void>;
}

/** Rows a minute. One takes almost a kilobyte with its indexes: 20 MB an hour. */
const STRANGERS = { all: 300, each: 120 };
/** Rows a minute. Nobody does more by hand. */
const USERS = { all: 6_000, each: 60 };
/** Billers with a count of their own; the others share one. */
const MOST_BILLERS = 100;
const MINUTE_MS = 60_000;

interface Count {
  readonly of: StrangersEvent['event'];
  readonly billerId: string | undefined;
  readonly since: number;
  count: number;
}

export function createStrangersAudit({ audit, clock }: { audit: AuditWriter; clock: () => number }): StrangersAudit {
  const strangers = {
    'sign_on.refused': createBudget(STRANGERS, clock),
    'sign_in.failed': createBudget(STRANGERS, clock),
    'launch.refused': createBudget(STRANGERS, clock),
    'api.refused': createBudget(STRANGERS, clock),
    'launch.ticket_refused': createBudget(STRANGERS, clock),
  };
  const users = createBudget(USERS, clock);
  let counts = new Map<string, Count>();
  let timer: NodeJS.Timeout | undefined;

  async function isWritten({ event, billerId = '', userId }: StrangersEvent, { network, user }: Origin) {
    // A wrong password of a portal user: the throttle allows ten within a quarter of an hour.
    if (event === 'sign_in.failed' && userId !== undefined) return true;
    if (strangers[event].take(billerId, network) === 'taken') return true;
    const known = await user().catch(() => undefined);
    return known !== undefined && users.take(known, '') === 'taken';
  }

  function count(of: StrangersEvent['event'], billerId: string | undefined): void {
    const own = counts.has(`${of} ${billerId}`) || counts.size < MOST_BILLERS;
    const key = own ? `${of} ${billerId}` : of;
    const entry = counts.get(key) ?? { of, billerId: own ? billerId : undefined, since: clock(), count: 0 };
    counts.set(key, { ...entry, count: entry.count + 1 });
    writeLater();
  }

  function writeLater(): void {
    timer ??= setTimeout(() => void flush(), MINUTE_MS).unref();
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const written = counts;
    counts = new Map();
    const rows = [...written].map(async ([key, { of, billerId, since, count: counted }]) => {
      const details = { of, count: counted, since: new Date(since).toISOString() };
      try {
        await audit.append({ event: 'refusals.counted', reference: newReference(), billerId, details });
      } catch {
        counts.set(key, { of, billerId, since, count: counted + (counts.get(key)?.count ?? 0) });
        writeLater();
      }
    });
    await Promise.all(rows);
  }

  return {
    async append(event, from, fence) {
      if (await isWritten(event, from)) {
        await audit.append(event, fence);
        return;
      }
      count(event.event, event.billerId);
      if (fence !== undefined && event.billerId !== undefined) await audit.check(event.billerId, fence);
    },
    flush,
  };
}
