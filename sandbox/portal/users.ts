import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { SettingError } from '../settings.ts';

/** An account, as the utility's records have it. */
interface Account {
  readonly number: string;
  /** What the person is to the account: decides the login type at Invoice Cloud. */
  readonly role: string;
}

/** Somebody who can sign in to the portal. */
export interface PortalUser {
  /** Never changes, and is never given to somebody else: this is who the person is, not the email. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly accounts: readonly Account[];
}

const words = z.string().min(1).max(200);
const usersSchema = z
  .array(
    z.strictObject({
      id: words,
      name: words,
      email: words,
      password: words,
      accounts: z.array(z.strictObject({ number: words, role: words })).min(1),
    }),
  )
  .min(1);

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Who can sign in. */
export interface Users {
  byId(id: string): PortalUser | undefined;
  /** @returns undefined if the email or the password is wrong */
  signIn(email: string, password: string): PortalUser | undefined;
}

/** @throws SettingError if the file can't be used */
export function readUsers(file: string): Users {
  const refuse = (reason: string) => new SettingError('PORTAL_USERS', file, reason);
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // A parser quotes what it read, and that may be a password.
    throw refuse(error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message);
  }
  const read = usersSchema.safeParse(given);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw refuse(`${issue?.path.join('.') || 'the list'}: ${issue?.message}`);
  }
  const known = read.data.map(({ password, ...user }) => ({ user, password: digest(password) }));
  return {
    byId: (id) => known.find(({ user }) => user.id === id)?.user,
    signIn(email, password) {
      const wanted = email.trim().toLowerCase();
      const given = digest(password);
      return known.find((one) => one.user.email.toLowerCase() === wanted && timingSafeEqual(one.password, given))?.user;
    },
  };
}
