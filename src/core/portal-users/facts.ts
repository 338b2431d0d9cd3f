import { z } from 'zod';
import { isAccountNumber } from '../../protocols/invoice-cloud/redirect-link.ts';
import { isWritable } from '../../protocols/saml/writing/escape.ts';
import { ROLE } from './role.ts';

// What a portal may say of a user, whichever way it says it. Nothing is mended, so white space around a value is refused.

/** Accounts of one user. */
export const MAX_ACCOUNTS = 10_000;
const MAX_EMAIL = 254;
/** As long as a `sub` may be (OpenID Connect Core, 2). */
const MAX_USER_ID = 255;

/** RFC 5321, 4.1.2, without quoted local parts and address literals, which no portal has. */
const LOCAL_PART = /^[^\s"(),:;<>@[\\\]]{1,64}$/;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;
const hasOddDots = (text: string) => text.startsWith('.') || text.endsWith('.') || text.includes('..');

function canBeEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  return (
    at > 0 &&
    text.length <= MAX_EMAIL &&
    LOCAL_PART.test(local) &&
    !hasOddDots(local) &&
    domain.split('.').every((label) => LABEL.test(label)) &&
    isWritable(text) &&
    !/\p{C}/u.test(text)
  );
}

const isPlain = (text: string) => text.trim() === text && !/\p{C}/u.test(text);

/** The portal's own ID of a user. */
export const externalId = z
  .string()
  .min(1)
  .max(MAX_USER_ID)
  .refine(isPlain, 'must have no control characters, and no white space around it');

export const saidEmail = z.string().refine(canBeEmail, 'must be an email address such as pat@example.com');

export const accountNumber = z
  .string()
  .refine(
    (text) => isAccountNumber(text) && isWritable(text),
    'must have 1 to 100 characters, no control characters, and no white space around it',
  );

export const accountRole = z
  .string()
  .regex(ROLE, 'must begin with a letter, and have at most 40 letters, digits, _ and -');
