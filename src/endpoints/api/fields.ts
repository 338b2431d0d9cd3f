import { z } from 'zod';
import { accountNumber, accountRole, externalId, MAX_ACCOUNTS, saidEmail } from '../../core/portal-users/facts.ts';
import { object } from './validate.ts';

export const userId = externalId.meta({
  description:
    'Your own ID of the user, which never changes and is never given to somebody else: it, and not the email, is who the user is.',
  example: 'u-1842',
});

const email = saidEmail.meta({ description: 'Passed on to Invoice Cloud as it is.', example: 'pat@example.com' });

const number = accountNumber.meta({
  description: 'The account number, as Invoice Cloud has it.',
  example: '101Invoice',
});

const role = accountRole.meta({ description: 'Decides the login type, as agreed for the biller.', example: 'owner' });

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
