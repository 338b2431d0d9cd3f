import { hash, verify } from '@node-rs/argon2';
import pLimit from 'p-limit';

/**
 * How long a password may be. Nothing is asked of its characters (NIST SP 800-63B, 3.1.1.2). The limit is longer than any
 * that a person types; hashing more would only help an attacker waste CPU.
 */
export const PASSWORD_CHARACTERS = { least: 8, most: 1024 };

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. These are also the library's defaults; they are
// written out so that an update of the library does not change the cost of a stored password.
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * Hashing runs on the thread pool, which has four threads by default and serves in order of arrival. It gets half of them,
 * or a flood of passwords would hold up the signature of every sign-on.
 */
const inTurn = pLimit(2);

/** @returns the argon2id hash in PHC form */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, ARGON2ID));
}

/** The hash of a random password, to spend the same time on an unknown user. */
const unknownUsersHash = hashPassword(crypto.randomUUID());

/** @param passwordHash undefined for an unknown user: takes just as long, and is never true */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const known = passwordHash ?? (await unknownUsersHash);
  const matches = await inTurn(() => verify(known, password));
  return matches && passwordHash !== undefined;
}
