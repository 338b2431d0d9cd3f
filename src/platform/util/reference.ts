import { randomFillSync } from 'node:crypto';
import { REFERENCE_WORDS } from './reference-words.ts';

const BITS_OF_A_WORD = 10;

/** Random numbers are drawn 256 at a time. */
const pool = new Uint32Array(256);
let used = pool.length;

function random32(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] ?? 0;
}

/**
 * @returns a fresh reference for one request, e.g. `maple-otter-lantern`: the same in the log, the audit and on the
 *   page
 */
export function newReference(): string {
  const bits = random32();
  const word = (position: number) => REFERENCE_WORDS[(bits >>> (position * BITS_OF_A_WORD)) & 1023];
  return `${word(0)}-${word(1)}-${word(2)}`;
}

/** Normalizes a reference that a person typed after hearing it: case and separators don't matter. */
export function normalizeReference(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^a-z]+/g, '-');
}
