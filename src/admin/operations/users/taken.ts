import type { Biller } from '../../../core/billers/biller.ts';
import { findUser, isEmailTaken } from '../../../core/portal-users/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';

const taken = ({ slug }: Biller, email: string) =>
  new InputError(`${slug} already has a portal user ${email}.`, { code: 'user_exists' });

/** @throws InputError if a portal user of the biller, other than `userId`, has the email address */
export async function refuseTaken(db: Db, biller: Biller, email: string, userId?: string): Promise<void> {
  const user = await findUser(db, biller.id, email);
  if (user !== undefined && user.id !== userId) throw taken(biller, email);
}

/** For a change that another one has overtaken since: the database has the last word. @returns what to catch with */
export function takenInstead(biller: Biller, email: string): (error: unknown) => never {
  return (error) => {
    throw isEmailTaken(error) ? taken(biller, email) : error;
  };
}
