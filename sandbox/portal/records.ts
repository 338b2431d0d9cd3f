import { DUE_IN_DAYS, dueOf } from '../made-up-bill.ts';
import { dayFromNow, money } from '../views/format.ts';

/** What the utility's records say of an account. A real portal reads this from the billing system. */
export interface AccountRecord {
  readonly address: string;
  readonly service: string;
  readonly due: string;
  readonly dueOn: string;
  /** Thousands of gallons a month, the oldest first. */
  readonly usage: readonly { readonly month: string; readonly kgal: number }[];
}

type Facts = Pick<AccountRecord, 'address' | 'service' | 'usage'>;

/** @returns the name of a month, so many months before this one */
function monthBefore(months: number): string {
  const now = new Date();
  const then = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
  return then.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' });
}

const used = (...kgal: number[]) =>
  kgal.map((amount, place) => ({ month: monthBefore(kgal.length - place), kgal: amount }));

const FACTS: ReadonlyMap<string, Facts> = new Map([
  [
    '101Invoice',
    { address: '14 Mill Street, Riverton', service: 'Water and sewer', usage: used(6.1, 7.4, 7.9, 5.8, 4.6, 4.2) },
  ],
  [
    '202Invoice',
    { address: '3 Harbor Road, Unit B, Riverton', service: 'Water', usage: used(2.2, 2.6, 2.9, 2.4, 2, 1.9) },
  ],
]);
const UNKNOWN: Facts = { address: 'Riverton', service: 'Water', usage: used(3, 3, 3, 3, 3, 3) };

export const recordOf = (account: string): AccountRecord => ({
  ...(FACTS.get(account) ?? UNKNOWN),
  due: money(dueOf(account)),
  dueOn: dayFromNow(DUE_IN_DAYS),
});
