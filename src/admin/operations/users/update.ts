import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { hashPassword } from '../../../core/portal-users/password.ts';
import { lockUser } from '../../../core/portal-users/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { changeUser } from './change-user.ts';
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
    const { database } = services;
    const biller = await requireBiller(services, input.biller);
    const { id: billerId } = biller;
    const { id: userId } = await requireUser(database.db, billerId, input.email);
    const { newEmail, disabled } = input;
    const changed = (['newEmail', 'password', 'accounts', 'disabled'] as const).filter(
      (name) => input[name] !== undefined,
    );
    if (changed.length === 0) throw new InputError('Nothing to change was given.', { code: 'nothing_to_change' });
    const passwordHash = input.password === undefined ? undefined : await hashPassword(input.password);
    const change = database.transaction(async (transaction) => {
      const user = await lockUser(transaction, userId);
      if (user === undefined) throw noUser(input.email);
      if (newEmail !== undefined) await refuseTaken(transaction, biller, newEmail, userId);
      const changes = { email: newEmail, passwordHash, accounts: input.accounts, disabled };
      await changeUser(services, transaction, user, changes, actor);
    });
    await change.catch(takenInstead(biller, newEmail ?? input.email));
    await earlierAppendsEnded(database);
    const view = await userView(database.db, await requireUser(database.db, billerId, newEmail ?? input.email));
    return { ...view, warnings: roleWarnings(biller, input.accounts ?? []) };
  },
});
