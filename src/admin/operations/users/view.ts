import { z } from 'zod';
import { accountsOf, findUser, type PortalUserRow } from '../../../core/portal-users/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';

/** A portal user as shown to operators. */
export const userViewSchema = z.object({
  id: z.string(),
  email: z.string(),
  disabled: z.boolean(),
  accounts: z.array(z.object({ number: z.string(), role: z.string() })),
});

export async function userView(db: Db, { id, email, disabled }: PortalUserRow) {
  return { id, email, disabled, accounts: await accountsOf(db, id) };
}

/** @throws InputError if the biller has no such portal user */
export async function requireUser(db: Db, billerId: string, address: string): Promise<PortalUserRow> {
  const user = await findUser(db, billerId, address);
  if (user !== undefined) return user;
  throw new InputError(`There is no portal user ${address}.`, { code: 'user_not_found' });
}
