import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { endCanaryOf } from '../../../core/keys/trust/canary-events.ts';
import { hashPassword } from '../../../core/portal-users/password.ts';
import { deleteUser, findUser, insertUser, lockUser, updateUser } from '../../../core/portal-users/store.ts';
import { deleteSessionsOfUser } from '../../../core/sessions/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { accounts, email, password } from './input.ts';
import { requireUser, roleWarnings, userView, userViewSchema } from './view.ts';

const who = { biller: z.string(), email };

export const add = defineOperation({
  uses: ['database', 'billers', 'audit'],
  input: z.strictObject({ ...who, password, accounts }),
  output: userViewSchema.extend({ warnings: z.array(z.string()) }),
  run: async (services, input, { name: actor }) => {
    const { database, audit } = services;
    const biller = await requireBiller(services, input.biller);
    const { id: billerId, slug } = biller;
    if ((await findUser(database.db, billerId, input.email)) !== undefined) {
      throw new InputError(`${slug} already has a portal user ${input.email}.`, { code: 'user_exists' });
    }
    // Slow, so done before the transaction begins.
    const passwordHash = await hashPassword(input.password);
    await database.transaction(async (transaction) => {
      const userId = await insertUser(transaction, { billerId, email: input.email, passwordHash }, input.accounts);
      await audit.appendWithin(transaction, {
        event: 'user.added',
        reference: newReference(),
        billerId,
        userId,
        email: input.email,
        otherAccounts: input.accounts.map(({ number }) => number),
        details: { actor },
      });
    });
    const view = await userView(database.db, await requireUser(database.db, billerId, input.email));
    return { ...view, warnings: roleWarnings(biller, input.accounts ?? []) };
  },
});

export const update = defineOperation({
  uses: ['database', 'billers', 'audit'],
  input: z.strictObject({
    ...who,
    password: password.optional(),
    accounts: accounts.optional(),
    disabled: z.boolean().optional(),
  }),
  output: userViewSchema.extend({ warnings: z.array(z.string()) }),
  run: async (services, input, { name: actor }) => {
    const { database, audit } = services;
    const biller = await requireBiller(services, input.biller);
    const { id: billerId } = biller;
    const user = await requireUser(database.db, billerId, input.email);
    const changed = (['password', 'accounts', 'disabled'] as const).filter((name) => input[name] !== undefined);
    if (changed.length === 0) throw new InputError('Nothing to change was given.', { code: 'nothing_to_change' });
    const changes = {
      ...(input.password === undefined ? {} : { passwordHash: await hashPassword(input.password) }),
      ...(input.disabled === undefined ? {} : { disabled: input.disabled }),
    };
    await database.transaction(async (transaction) => {
      await updateUser(transaction, user.id, changes, input.accounts);
      // A new password or a disabled user ends all existing sessions.
      if (input.password !== undefined || input.disabled === true) await deleteSessionsOfUser(transaction, user.id);
      if (input.disabled === true) {
        const cause = { actor, reason: 'the portal user was disabled', reference: newReference() };
        for (const event of await endCanaryOf(transaction, user.id, cause))
          await audit.appendWithin(transaction, event);
      }
      await audit.appendWithin(transaction, {
        event: 'user.updated',
        reference: newReference(),
        billerId,
        userId: user.id,
        email: user.email,
        otherAccounts: input.accounts?.map(({ number }) => number),
        details: { actor, changed },
      });
    });
    await earlierAppendsEnded(database);
    const view = await userView(database.db, await requireUser(database.db, billerId, input.email));
    return { ...view, warnings: roleWarnings(biller, input.accounts ?? []) };
  },
});

export const remove = defineOperation({
  uses: ['database', 'billers', 'audit'],
  input: z.strictObject(who),
  output: z.object({ removed: z.string() }),
  run: async (services, input, { name: actor }) => {
    const { database, audit } = services;
    const { id: billerId } = await requireBiller(services, input.biller);
    const user = await requireUser(database.db, billerId, input.email);
    await database.transaction(async (transaction) => {
      await lockUser(transaction, user.id);
      const cause = { actor, reason: 'the portal user was removed', reference: newReference() };
      for (const event of await endCanaryOf(transaction, user.id, cause)) await audit.appendWithin(transaction, event);
      await deleteUser(transaction, user.id);
      await audit.appendWithin(transaction, {
        event: 'user.removed',
        reference: newReference(),
        billerId,
        userId: user.id,
        email: user.email,
        details: { actor },
      });
    });
    await earlierAppendsEnded(database);
    return { removed: user.email };
  },
});
