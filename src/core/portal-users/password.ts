import { hash, verify } from '@node-rs/argon2';

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. These are also the library's defaults, but are
// spelled out so that a library update does not change the cost of stored passwords.
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * Hashing runs on the thread pool, which by default has four threads and is first come, first served. It gets half of
 * them; otherwise, anyone who submits passwords could hold up the signatures of every sign-on.
 */
const AT_ONCE = 2;
const waiting: (() => void)[] = [];
let working = 0;

async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (working >= AT_ONCE) await new Promise<void>((turn) => waiting.push(turn));
  else working += 1;
  try {
    return await work();
  } finally {
    // Hand the slot to the next in line, if any.
    const next = waiting.shift();
    if (next === undefined) working -= 1;
    else next();
  }
}

/** @returns the argon2id hash in PHC form */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, ARGON2ID));
}

/** A hash that matches no password, to spend the same time on unknown users. */
const nobodysHash = hashPassword(crypto.randomUUID());

/** @param passwordHash undefined for an unknown user: takes just as long, and is never true */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const known = passwordHash ?? (await nobodysHash);
  const matches = await inTurn(() => verify(known, password));
  return matches && passwordHash !== undefined;
}
