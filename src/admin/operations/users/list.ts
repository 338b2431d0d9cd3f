import { z } from 'zod';
import { listUsers } from '../../../core/portal-users/store.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { userView, userViewSchema } from './view.ts';

export const list = defineOperation({
  uses: ['database', 'billers'],
  input: z.strictObject({ biller: z.string() }),
  output: z.array(userViewSchema),
  run: async (services, input) => {
    const { db } = services.database;
    const { id: billerId } = await requireBiller(services, input.biller);
    const users = await listUsers(db, billerId);
    return Promise.all(users.map((user) => userView(db, user)));
  },
});
