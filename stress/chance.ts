/** Chance that can be repeated: the same seed makes the same choices. */
export interface Chance {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  pick<Choice>(choices: readonly Choice[]): Choice;
}

export const MAX_SEED = 2 ** 32 - 1;

/** @param seed a whole number from 0 to MAX_SEED (mulberry32) */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    between,
    pick<Choice>(choices: readonly Choice[]) {
      if (choices.length === 0) throw new Error('There is nothing to pick from.');
      return choices[between(0, choices.length - 1)] as Choice;
    },
  };
}
