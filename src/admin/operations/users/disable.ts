import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { lockUser } from '../../../core/portal-users/store.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { changeUser } from './change-user.ts';
import { noUser, userView, userViewSchema } from './view.ts';
import { requireOneUser, whoSchema } from './who.ts';

/** Whoever vouches for a portal user, an operator can shut them out: what their source says does not undo it. */
const toggle = (disabled: boolean) =>
  defineOperation({
    uses: ['database', 'billers', 'audit', 'keyedHash'],
    input: z.strictObject({ biller: z.string(), ...whoSchema }),
    output: userViewSchema,
    run: async (services, { biller, ...who }, { name: actor }) => {
      const { database } = services;
      const { id: billerId } = await requireBiller(services, biller);
      const { id, email } = await requireOneUser(database.db, billerId, who);
      const user = await database.transaction(async (transaction) => {
        const locked = await lockUser(transaction, id);
        if (locked === undefined) throw noUser(email);
        await changeUser(services, transaction, locked, { disabled }, actor);
        return locked;
      });
      await earlierAppendsEnded(database);
      return userView(database.db, { ...user, disabled });
    },
  });

export const disable = toggle(true);
export const enable = toggle(false);
