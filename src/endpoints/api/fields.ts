import { z } from 'zod';
import { ROLE } from '../../core/portal-users/role.ts';
import { isAccountNumber } from '../../protocols/invoice-cloud/redirect-link.ts';
import { isWritable } from '../../protocols/saml/writing/escape.ts';
import { object } from './validate.ts';

const MAX_ACCOUNTS = 10_000;
const MAX_EMAIL = 254;
const MAX_USER_ID = 128;

/** RFC 5321, 4.1.2, without quoted local parts and address literals, which no portal has. */
const LOCAL_PART = /^[^\s"(),:;<>@[\\\]]{1,64}$/;
const LABEL = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?$/u;
const hasOddDots = (text: string) => text.startsWith('.') || text.endsWith('.') || text.includes('..');

/** @returns whether the text can be an email address; nothing is mended, so white space around it is refused */
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

export const userId = z
  .string()
  .min(1)
  .max(MAX_USER_ID)
  .refine(isPlain, 'must have no control characters, and no white space around it')
  .meta({
    description:
      'Your own ID of the user, which never changes and is never given to somebody else: it, and not the email, is who the user is.',
    example: 'u-1842',
  });

const email = z
  .string()
  .refine(canBeEmail, 'must be an email address such as pat@example.com')
  .meta({ description: 'Passed on to Invoice Cloud as it is.', example: 'pat@example.com' });

const number = z
  .string()
  .refine(
    (text) => isAccountNumber(text) && isWritable(text),
    'must have 1 to 100 characters, no control characters, and no white space around it',
  )
  .meta({ description: 'The account number, as Invoice Cloud has it.', example: '101Invoice' });

const role = z
  .string()
  .regex(ROLE, 'must begin with a letter, and have at most 40 letters, digits, _ and -')
  .meta({ description: 'Decides the login type, as agreed for the biller.', example: 'owner' });

const accounts = z
  .array(object({ number, role }))
  .max(MAX_ACCOUNTS)
  .superRefine((all, context) => {
    const seen = new Set<string>();
    for (const [position, { number: one }] of all.entries()) {
      if (seen.has(one)) {
        context.addIssue({ code: 'custom', path: [position, 'number'], message: 'is given twice', input: one });
        return;
      }
      seen.add(one);
    }
  })
  .meta({ description: 'All accounts of the user. They replace those that were given before.' });

/** What a portal says of a user, besides their ID. */
export const userFacts = { email, accounts };
