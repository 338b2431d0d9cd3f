const dayFormat = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' });
const momentFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });
const moneyFormat = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

/** A calendar day, this many days from now (negative: ago). */
export function dayFromNow(days: number): string {
  return dayFormat.format(new Date(Date.now() + days * 86_400_000));
}

/** A time in UTC, in readable form. */
export function moment(iso: string): string {
  return `${momentFormat.format(new Date(iso))} UTC`;
}

/** An amount of money. */
export function money(cents: number): string {
  return moneyFormat.format(cents / 100);
}
