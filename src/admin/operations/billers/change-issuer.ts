import type { Biller } from '../../../core/billers/biller.ts';
import type { BillerSettings } from '../../../core/billers/settings.ts';
import type { PortalUsers, Saying } from '../../../core/portal-users/portal-users.ts';
import { listUsers } from '../../../core/portal-users/store.ts';
import type { Transaction } from '../../../platform/database/database.ts';
import { refuseOtherIssuer } from './sign-in.ts';

const AT_ONCE = 1_000;

/**
 * Sees to the portal users who are known by the IDs of the issuer before.
 *
 * @param wanted undefined if the operator said nothing of them
 * @returns how many were removed
 * @throws InputError oidc_users_of_another_issuer
 */
export async function changeIssuer(
  transaction: Transaction,
  portalUsers: PortalUsers,
  { id: billerId, settings: before }: Biller,
  after: BillerSettings,
  wanted: 'keep' | 'remove' | undefined,
  by: Pick<Saying, 'actor' | 'reference'>,
): Promise<number> {
  if (before.oidcIssuer === null || before.oidcIssuer === after.oidcIssuer || wanted === 'keep') return 0;
  let removed = 0;
  for (;;) {
    const users = await listUsers(transaction, billerId, { source: 'oidc' }, AT_ONCE);
    if (users.length === 0) return removed;
    if (wanted === undefined) refuseOtherIssuer(before, after);
    const ids = users.flatMap(({ externalId }) => externalId ?? []);
    removed += await portalUsers.removeAllWithin(transaction, ids, { ...by, billerId, source: 'oidc' });
  }
}
