import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { Db } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { HASH_SECRET } from '../secrets/sealed-facts.ts';
import { readOrNoteFact } from '../secrets/store.ts';

/** 132 bits: two emails never share one, and a row stays short. */
const CHARACTERS = 22;

/**
 * Hashes that find a person's rows without storing who it is: each is 22 characters of base64url. Reading the database
 * is not enough to compute them.
 */
export interface KeyedHash {
  /** @param email in any letter case */
  email(email: string): string;
  /** @param billerId billers use the same account numbers for different people */
  account(billerId: string, number: string): string;
  /**
   * There are only a few login types, so a hash of the value alone could be told by how often it occurs. The account is
   * therefore part of it: it shows that the login type of one account has changed, and nothing else.
   */
  loginType(billerId: string, number: string, loginType: number): string;
}

/** @param secret 32 bytes */
export function createKeyedHash(secret: Uint8Array): KeyedHash {
  const hashWith = (key: KeyObject, text: string) =>
    createHmac('sha256', key).update(text).digest('base64url').slice(0, CHARACTERS);
  // Pass a key object: for bytes, node:crypto first tries other types and catches the exceptions, 8 µs each time.
  const emailKey = createSecretKey(secret);
  // A key of its own: anyone can have any text hashed as an email, by trying to sign in with it.
  const accountKey = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'audit account', 32)));
  return {
    email: (email) => hashWith(emailKey, email.toLowerCase()),
    account: (billerId, number) => hashWith(accountKey, JSON.stringify([billerId, number])),
    loginType: (billerId, number, loginType) =>
      hashWith(accountKey, JSON.stringify([billerId, number, String(loginType)])),
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
