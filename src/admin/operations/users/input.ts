import { z } from 'zod';
import { PASSWORD_CHARACTERS } from '../../../core/portal-users/password.ts';
import { ROLE } from '../../../core/portal-users/role.ts';
import { isAccountNumber } from '../../../protocols/invoice-cloud/redirect-link.ts';
import { isWritable } from '../../../protocols/saml/writing/escape.ts';

const DEFAULT_ROLE = 'owner';

export const email = z
  .string()
  .trim()
  .max(254, 'must have at most 254 characters')
  .refine(
    (text) => /^[^\s@]+@[^\s@]+$/.test(text) && isWritable(text) && !/\p{C}/u.test(text),
    'must be an email address',
  );

const { least, most } = PASSWORD_CHARACTERS;

export const password = z
  .string()
  .min(least, `must have at least ${least} characters`)
  .max(most, `must have at most ${most.toLocaleString('en-US')} characters`);

/** `<number>` or `<number>:<role>`. The last colon counts, and only before something that can be a role. */
const account = z.string().transform((text, context) => {
  const colon = text.lastIndexOf(':');
  const named = colon >= 0 && ROLE.test(text.slice(colon + 1));
  const number = named ? text.slice(0, colon) : text;
  if (!isAccountNumber(number) || !isWritable(number)) {
    context.addIssue({
      code: 'custom',
      message: 'must be <number> or <number>:<role>, e.g. 101Invoice:owner',
      input: text,
    });
  }
  return { number, role: named ? text.slice(colon + 1) : DEFAULT_ROLE };
});

export const accounts = z
  .array(account)
  .refine((all) => new Set(all.map(({ number }) => number)).size === all.length, 'an account number is given twice');
