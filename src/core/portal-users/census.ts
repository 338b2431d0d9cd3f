import type { Db } from '../../platform/database/database.ts';

/** @returns every role that a portal user has on an account, once for each biller */
export async function rolesInUse(db: Db): Promise<{ readonly billerId: string; readonly role: string }[]> {
  return db
    .selectFrom('accounts')
    .innerJoin('portalUsers', 'portalUsers.id', 'accounts.userId')
    .select(['portalUsers.billerId', 'accounts.role'])
    .distinct()
    .orderBy('accounts.role')
    .execute();
}

/** @returns the billers that have portal users without an account who are not disabled, and how many */
export async function accountlessUsers(db: Db): Promise<{ readonly billerId: string; readonly users: number }[]> {
  const counted = await db
    .selectFrom('portalUsers')
    .select(({ fn }) => ['billerId', fn.countAll<string>().as('users')])
    .where('disabled', '=', false)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('accounts').select('userId').whereRef('accounts.userId', '=', 'portalUsers.id'))),
    )
    .groupBy('billerId')
    .execute();
  return counted.map(({ billerId, users }) => ({ billerId, users: Number(users) }));
}
