import { createHmac, createSecretKey } from 'node:crypto';
import type { Db } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { HASH_SECRET } from '../secrets/sealed-facts.ts';
import { readOrNoteFact } from '../secrets/store.ts';

/** 132 bits: two emails never share one, and a row stays short. */
const CHARACTERS = 22;

/** Hashes that find a person's rows without storing who it is. Reading the database is not enough to compute them. */
export interface KeyedHash {
  /** @param email in any letter case @returns 22 characters of base64url */
  email(email: string): string;
}

/** @param secret 32 bytes */
export function createKeyedHash(secret: Uint8Array): KeyedHash {
  // Pass a key object: for bytes, node:crypto first tries other types and catches the exceptions, 8 µs each time.
  const key = createSecretKey(secret);
  return {
    email: (email) => createHmac('sha256', key).update(email.toLowerCase()).digest('base64url').slice(0, CHARACTERS),
  };
}

/**
 * Opens the installation's keyed hash. Its secret is derived from the first master key and then stored: it outlives that
 * key, so that older events can still be found.
 *
 * @throws if none of the master keys can unseal it
 */
export async function openKeyedHash(db: Db, masterKey: MasterKey): Promise<KeyedHash> {
  const sealed = await readOrNoteFact(db, HASH_SECRET, () =>
    masterKey.seal(masterKey.derive('audit email'), HASH_SECRET).toString('base64'),
  );
  return createKeyedHash(masterKey.unseal(Buffer.from(sealed, 'base64'), HASH_SECRET));
}
