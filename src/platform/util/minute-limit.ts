/**
 * Limits how much strangers can make this instance record.
 *
 * @param clock milliseconds since 1970
 * @returns a function that takes one place of the current minute; false if none is left
 */
export function createMinuteLimit(most: number, clock: () => number): () => boolean {
  let minute = 0;
  let taken = 0;
  return () => {
    const now = Math.floor(clock() / 60_000);
    if (now !== minute) {
      minute = now;
      taken = 0;
    }
    taken += 1;
    return taken <= most;
  };
}
