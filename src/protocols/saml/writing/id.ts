import { randomFillSync } from 'node:crypto';

const ID_BYTES = 20;
const POOL_BYTES = ID_BYTES * 256;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Makes an ID for a SAML message, assertion or session: `_` and 160 random bits in hexadecimal, an NCName as xs:ID
 * requires (SAML core, 1.3.4). Random bytes are drawn for 256 IDs at a time, and each byte is used once.
 */
export function newSamlId(): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const id = `_${pool.toString('hex', used, used + ID_BYTES)}`;
  pool.fill(0, used, used + ID_BYTES);
  used += ID_BYTES;
  return id;
}
