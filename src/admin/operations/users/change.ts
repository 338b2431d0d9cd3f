import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { endCanariesOf } from '../../../core/keys/trust/canary-events.ts';
import { hashPassword } from '../../../core/portal-users/password.ts';
import { deleteUser, insertUser, lockUser } from '../../../core/portal-users/store.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { accounts, email, password } from './input.ts';
import { refuseTaken, takenInstead } from './taken.ts';
import { identitySchema, requireUser, roleWarnings, userView, userViewSchema } from './view.ts';
import { requireOneUser, whoSchema } from './who.ts';

export const add = defineOperation({
  uses: ['database', 'billers', 'audit'],
  input: z.strictObject({ biller: z.string(), email, password, accounts }),
  output: userViewSchema.extend({ warnings: z.array(z.string()) }),
  run: async (services, input, { name: actor }) => {
    const { database, audit } = services;
    const biller = await requireBiller(services, input.biller);
    const { id: billerId } = biller;
    await refuseTaken(database.db, biller, input.email);
    // Slow, so done before the transaction begins.
    const passwordHash = await hashPassword(input.password);
    const insert = database.transaction(async (transaction) => {
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
    await insert.catch(takenInstead(biller, input.email));
    const view = await userView(database.db, await requireUser(database.db, billerId, input.email));
    return { ...view, warnings: roleWarnings(biller, input.accounts ?? []) };
  },
});

export const remove = defineOperation({
  uses: ['database', 'billers', 'audit'],
  input: z.strictObject({ biller: z.string(), ...whoSchema }),
  output: z.object({ removed: z.string(), ...identitySchema }),
  run: async (services, { biller, ...who }, { name: actor }) => {
    const { database, audit } = services;
    const { id: billerId } = await requireBiller(services, biller);
    const user = await requireOneUser(database.db, billerId, who);
    await database.transaction(async (transaction) => {
      await lockUser(transaction, user.id);
      const cause = { actor, reason: 'the portal user was removed', reference: newReference() };
      for (const event of await endCanariesOf(transaction, [user.id], cause))
        await audit.appendWithin(transaction, event);
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
    return { removed: user.email, source: user.source, externalId: user.externalId };
  },
});
