import { hash, verify } from '@node-rs/argon2';

// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. These are also the library's defaults; they are
// written out so that an update of the library does not change what a stored password costs.
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * Hashing takes its time on the thread pool, which has four threads unless told otherwise, first come, first served. It
 * gets half of them, or whoever sends passwords would keep every signature of every sign-on waiting.
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
    // The place goes to the next in line, if there is one.
    const next = waiting.shift();
    if (next === undefined) working -= 1;
    else next();
  }
}

/** @returns the argon2id hash in PHC form */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, ARGON2ID));
}

/** A hash of nobody's password, to spend the same time on an unknown user. */
const nobodysHash = hashPassword(crypto.randomUUID());

/** @param passwordHash undefined for an unknown user: takes as long, and is never true */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const known = passwordHash ?? (await nobodysHash);
  const matches = await inTurn(() => verify(known, password));
  return matches && passwordHash !== undefined;
}
