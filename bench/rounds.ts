/** The middle value; of an even number of values, the mean of the two in the middle. NaN if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(half)) : (at(half - 1) + at(half)) / 2;
}

/** The value below which this share of the values lies (nearest rank). NaN if there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Something that is measured in rounds, e.g. in signatures per second. */
export interface Contender<Result> {
  readonly name: string;
  round(): Promise<Result>;
}

/**
 * Lets contenders take turns in short rounds, each time in another order, so that a machine that is busy for a while is
 * busy for all of them. One round of each before counts for nothing: code gets compiled in it.
 *
 * @returns by name, the results in the order of the rounds
 */
export async function takeTurns<Result>(
  contenders: readonly Contender<Result>[],
  rounds: number,
): Promise<Map<string, Result[]>> {
  const results = new Map(contenders.map(({ name }) => [name, [] as Result[]]));
  for (const contender of contenders) await contender.round();
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      // Every second time backwards, so that no contender always follows the same one and inherits its garbage.
      const index = (round + turn) % contenders.length;
      const contender = contenders[round % 2 === 0 ? index : contenders.length - 1 - index];
      if (contender !== undefined) results.get(contender.name)?.push(await contender.round());
    }
  }
  return results;
}

/** The median of the ratios of two contenders, round by round. */
export function medianRatio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((value, round) => value / (to[round] ?? Number.NaN)));
}
