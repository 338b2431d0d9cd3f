import type { listKeys } from './store.ts';

const DAY_MS = 86_400_000;
/**
 * Start a rotation this long before the certificate expires, which leaves the Service Provider time to respond, and to
 * start over.
 */
const BEGIN_DAYS = 60;

/** What to do for one biller's key, and by when. */
export interface PlanEntry {
  readonly biller: string;
  readonly fingerprint: string;
  readonly expires: Date;
  readonly daysLeft: number;
  /** When to start the rotation. */
  readonly begin: Date;
  /** The rotation's progress. */
  readonly step: 'expired' | 'overdue' | 'staged' | 'planned';
  /** A sign-on with the staged key is known to have been accepted; null if no key is staged. */
  readonly proven: boolean | null;
}

/**
 * Plans the coming year: every active key whose certificate expires within it, most urgent first.
 *
 * @param now milliseconds since 1970
 */
export function planOf(keys: Awaited<ReturnType<typeof listKeys>>, now: number): PlanEntry[] {
  const staged = new Map(
    keys.filter(({ state }) => state === 'staged').map(({ billerId, trust }) => [billerId, trust === 'accepted']),
  );
  return keys
    .filter(({ state, notAfter }) => state === 'active' && notAfter.getTime() < now + (365 + BEGIN_DAYS) * DAY_MS)
    .map(({ biller, billerId, fingerprint, notAfter }) => {
      const begin = new Date(notAfter.getTime() - BEGIN_DAYS * DAY_MS);
      const daysLeft = Math.floor((notAfter.getTime() - now) / DAY_MS);
      const open = begin.getTime() <= now ? 'overdue' : 'planned';
      const step = daysLeft < 0 ? 'expired' : staged.has(billerId) ? 'staged' : open;
      const proven = staged.get(billerId) ?? null;
      return { biller, fingerprint, expires: notAfter, daysLeft, begin, step, proven } as const;
    })
    .sort((a, b) => a.expires.getTime() - b.expires.getTime());
}
