import { z } from 'zod';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, wholeNumber } from '../operation.ts';
import { userView, userViewSchema, userViews } from './view.ts';
import { requireOneUser, usersMeant, whoSchema } from './who.ts';

const MAX_USERS = 10_000;

export const list = defineOperation({
  uses: ['database', 'billers'],
  input: z.strictObject({
    biller: z.string(),
    ...whoSchema,
    limit: wholeNumber(1, MAX_USERS, `must be 1 to ${MAX_USERS}`).default(1_000),
  }),
  output: z.array(userViewSchema),
  run: async (services, { biller, limit, ...who }) => {
    const { db } = services.database;
    const { id: billerId } = await requireBiller(services, biller);
    return userViews(db, await usersMeant(db, billerId, who, limit));
  },
});

export const show = defineOperation({
  uses: ['database', 'billers'],
  input: z.strictObject({ biller: z.string(), ...whoSchema }),
  output: userViewSchema,
  run: async (services, { biller, ...who }) => {
    const { db } = services.database;
    const { id: billerId } = await requireBiller(services, biller);
    return userView(db, await requireOneUser(db, billerId, who));
  },
});
