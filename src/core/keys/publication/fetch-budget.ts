/** New rows in a minute: of one biller’s strangers, of one biller’s known clients, and of all strangers together. */
const STRANGERS = 60;
const KNOWN = 60;
const ALL_STRANGERS = 600;

/** One row of the record of fetches. */
interface RecordedRow {
  /** The same for fetches that share a row. */
  readonly id: string;
  readonly billerId: string;
  /** One of the Service Provider's clients that the biller's settings list. */
  readonly known: boolean;
}

/**
 * Limits how much strangers can make this instance record. What they fetch takes nothing away from the Service
 * Provider's known clients, nor from other billers until all strangers together exceed their limit.
 *
 * @param clock milliseconds since 1970
 * @returns a function that takes a place for a row; false if none is left. A row that has one in this minute keeps it
 */
export function createFetchBudget(clock: () => number): (row: RecordedRow) => boolean {
  let minute = 0;
  let rows = new Set<string>();
  let taken = new Map<string, number>();

  function take(what: string, most: number): boolean {
    const count = taken.get(what) ?? 0;
    if (count >= most) return false;
    taken.set(what, count + 1);
    return true;
  }

  return ({ id, billerId, known }) => {
    const now = Math.floor(clock() / 60_000);
    if (now !== minute) {
      minute = now;
      rows = new Set();
      taken = new Map();
    }
    if (rows.has(id)) return true;
    const granted = known
      ? take(`known ${billerId}`, KNOWN)
      : take(`strangers ${billerId}`, STRANGERS) && take('strangers', ALL_STRANGERS);
    if (granted) rows.add(id);
    return granted;
  };
}
