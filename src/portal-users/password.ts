import { hash, verify } from '@node-rs/argon2';

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. These are also the library's defaults; they are
// written out so that an update of the library does not change what a stored password costs.
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** @returns the argon2id hash in PHC form */
export function hashPassword(password: string): Promise<string> {
  return hash(password, ARGON2ID);
}

/** A hash of nobody's password, to spend the same time on an unknown user. */
const nobodysHash = hashPassword(crypto.randomUUID());

/** @param passwordHash undefined for an unknown user: takes as long, and is never true */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(passwordHash ?? (await nobodysHash), password);
  return matches && passwordHash !== undefined;
}
