import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { endCanaryOf } from '../../../core/keys/trust/canary-events.ts';
import { forgetBrowsersOfUser } from '../../../core/portal-users/known-browsers.ts';
import { hashPassword } from '../../../core/portal-users/password.ts';
import { withdrawPasswordLink } from '../../../core/portal-users/password-links.ts';
import { lockUser, updateUser } from '../../../core/portal-users/store.ts';
import { deleteSessionsOfUser } from '../../../core/sessions/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { accounts, email, password } from './input.ts';
import { refuseTaken, takenInstead } from './taken.ts';
import { noUser, requireUser, roleWarnings, userView, userViewSchema } from './view.ts';

/**
 * Changes a portal user. A new email address keeps the internal ID, and so the persistent NameID (name-id.ts): at Invoice
 * Cloud they stay who they are.
 */
export const update = defineOperation({
  uses: ['database', 'billers', 'audit', 'keyedHash'],
  input: z.strictObject({
    biller: z.string(),
    email,
    newEmail: email.optional(),
    password: password.optional(),
    accounts: accounts.optional(),
    disabled: z.boolean().optional(),
  }),
  output: userViewSchema.extend({ warnings: z.array(z.string()) }),
  run: async (services, input, { name: actor }) => {
    const { database, audit, keyedHash } = services;
    const biller = await requireBiller(services, input.biller);
    const { id: billerId } = biller;
    const { id: userId } = await requireUser(database.db, billerId, input.email);
    const { newEmail, disabled } = input;
    const changed = (['newEmail', 'password', 'accounts', 'disabled'] as const).filter(
      (name) => input[name] !== undefined,
    );
    if (changed.length === 0) throw new InputError('Nothing to change was given.', { code: 'nothing_to_change' });
    const changes = {
      ...(newEmail === undefined ? {} : { email: newEmail }),
      ...(input.password === undefined ? {} : { passwordHash: await hashPassword(input.password) }),
      ...(disabled === undefined ? {} : { disabled }),
    };
    const change = database.transaction(async (transaction) => {
      const user = await lockUser(transaction, userId);
      if (user === undefined) throw noUser(input.email);
      if (newEmail !== undefined) await refuseTaken(transaction, biller, newEmail, userId);
      await updateUser(transaction, userId, changes, input.accounts);
      const isShutOut = input.password !== undefined || disabled === true;
      // One session never names two people: with another email address it would, where that is the NameID.
      if (isShutOut || newEmail !== undefined) {
        await deleteSessionsOfUser(transaction, userId);
        // It may lie in the old mailbox.
        await withdrawPasswordLink(transaction, userId);
      }
      // Who knew the password is a stranger again. With another email address they are still the same person.
      if (isShutOut) await forgetBrowsersOfUser(transaction, userId);
      const about = { reference: newReference(), billerId, userId };
      if (disabled === true) {
        const cause = { actor, reason: 'the portal user was disabled', reference: about.reference };
        for (const event of await endCanaryOf(transaction, userId, cause)) await audit.appendWithin(transaction, event);
      }
      await audit.appendWithin(transaction, {
        event: 'user.updated',
        ...about,
        email: user.email,
        otherAccounts: input.accounts?.map(({ number }) => number),
        details: { actor, changed: changed.map((name) => (name === 'newEmail' ? 'email' : name)) },
      });
      if (newEmail === undefined) return;
      await audit.appendWithin(transaction, {
        event: 'user.email_changed',
        ...about,
        email: newEmail,
        details: { actor, previous: keyedHash.email(user.email) },
      });
    });
    await change.catch(takenInstead(biller, newEmail ?? input.email));
    await earlierAppendsEnded(database);
    const view = await userView(database.db, await requireUser(database.db, billerId, newEmail ?? input.email));
    return { ...view, warnings: roleWarnings(biller, input.accounts ?? []) };
  },
});
