import { randomBytes } from 'node:crypto';

// Crockford's alphabet: nothing that sounds or looks like something else over the phone.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** @returns a fresh reference for one request, e.g. `7KQ2-M4XD`: the same in the log, the audit and on the page */
export function newReference(): string {
  const characters = [...randomBytes(8)].map((byte) => ALPHABET[byte & 31]).join('');
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
}
