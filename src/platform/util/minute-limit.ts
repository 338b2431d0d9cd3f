/**
 * Bounds what strangers can make this instance write down.
 *
 * @param clock milliseconds since 1970
 * @returns a function that says whether this minute has room for one more, and takes it
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
