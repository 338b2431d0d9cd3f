import { randomBytes } from 'node:crypto';
import { REFERENCE_WORDS } from './reference-words.ts';

const BITS_OF_A_WORD = 10;

/** @returns a fresh reference for one request, e.g. `maple-otter-lantern`: the same in the log, the audit and on the page */
export function newReference(): string {
  const bits = randomBytes(4).readUInt32LE();
  const word = (position: number) => REFERENCE_WORDS[(bits >>> (position * BITS_OF_A_WORD)) & 1023];
  return `${word(0)}-${word(1)}-${word(2)}`;
}

/** A reference as somebody typed it after hearing it: case and what stands between the words don't matter. */
export function normaliseReference(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^a-z]+/g, '-');
}
