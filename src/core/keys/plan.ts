import type { listKeys } from './store.ts';

const DAY_MS = 86_400_000;
/** A rotation begins this long before the certificate ends: time for the other side to answer, and to begin again. */
const BEGIN_DAYS = 60;

/** What is to be done for one biller's key, and by when. */
export interface PlanEntry {
  readonly biller: string;
  readonly fingerprint: string;
  readonly expires: Date;
  readonly daysLeft: number;
  /** When the rotation should begin. */
  readonly begin: Date;
  /** Where it stands. */
  readonly step: 'expired' | 'overdue' | 'staged' | 'planned';
}

/**
 * Plans the year ahead: every active key whose certificate ends within it, the most urgent first.
 *
 * @param now milliseconds since 1970
 */
export function planOf(keys: Awaited<ReturnType<typeof listKeys>>, now: number): PlanEntry[] {
  const staged = new Set(keys.filter(({ state }) => state === 'staged').map(({ billerId }) => billerId));
  return keys
    .filter(({ state, notAfter }) => state === 'active' && notAfter.getTime() < now + (365 + BEGIN_DAYS) * DAY_MS)
    .map(({ biller, billerId, fingerprint, notAfter }) => {
      const begin = new Date(notAfter.getTime() - BEGIN_DAYS * DAY_MS);
      const daysLeft = Math.floor((notAfter.getTime() - now) / DAY_MS);
      const open = begin.getTime() <= now ? 'overdue' : 'planned';
      const step = daysLeft < 0 ? 'expired' : staged.has(billerId) ? 'staged' : open;
      return { biller, fingerprint, expires: notAfter, daysLeft, begin, step } as const;
    })
    .sort((a, b) => a.expires.getTime() - b.expires.getTime());
}
