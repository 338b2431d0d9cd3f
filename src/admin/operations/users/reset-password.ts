import { z } from 'zod';
import { makePasswordLink } from '../../../core/portal-users/password-links.ts';
import { lockUser } from '../../../core/portal-users/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time, wholeNumber } from '../operation.ts';
import { email } from './input.ts';
import { noUser, requireUser } from './view.ts';

const MAX_HOURS = 168;
const hours = `must be 1 to ${MAX_HOURS}`;

/**
 * Makes a one-time link with which a portal user sets a new password. Until then the old one works: who asks for a link in
 * another person's name changes nothing for them.
 */
export const resetPassword = defineOperation({
  uses: ['database', 'billers', 'audit', 'publicUrl', 'clock'],
  input: z.strictObject({
    biller: z.string(),
    email,
    hours: wholeNumber(1, MAX_HOURS, hours).default(24),
  }),
  output: z.object({ email: z.string(), url: z.string(), expiresAt: time }),
  run: async (services, input, { name: actor }) => {
    const { database, audit, publicUrl, clock } = services;
    const { id: billerId, slug } = await requireBiller(services, input.biller);
    const { id: userId } = await requireUser(database.db, billerId, input.email);
    const createdAt = new Date(clock());
    const expiresAt = new Date(clock() + input.hours * 3600_000);
    return database.transaction(async (transaction) => {
      const user = await lockUser(transaction, userId);
      if (user === undefined) throw noUser(input.email);
      if (user.disabled) {
        throw new InputError(`The portal user ${user.email} is disabled, so a new password would be of no use.`, {
          code: 'user_disabled',
        });
      }
      const token = await makePasswordLink(transaction, userId, { createdAt, expiresAt });
      await audit.appendWithin(transaction, {
        event: 'user.password_link_made',
        reference: newReference(),
        billerId,
        userId,
        email: user.email,
        details: { actor, expires: expiresAt.toISOString() },
      });
      return { email: user.email, url: `${publicUrl}/password/${slug}?link=${token}`, expiresAt };
    });
  },
});
