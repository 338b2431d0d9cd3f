import { z } from 'zod';
import { firstFault, planLaunch } from '../../../core/launches/plan.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time } from '../operation.ts';
import { accounts, email } from '../users/input.ts';

/** Makes a launch as a portal's back end would, for a test by hand. */
export const make = defineOperation({
  uses: ['database', 'billers', 'launches', 'portalUsers'],
  input: z.strictObject({
    biller: z.string(),
    user: z.string().min(1, 'must not be empty').max(255),
    email,
    accounts: accounts.min(1, 'must be given at least once'),
    destination: z.string(),
    viewMode: z.enum(['0', '1'], 'must be 0 (full page) or 1 (iframe)').optional(),
    returnUrl: z.string().max(2_000).optional(),
    refreshUrl: z.string().max(2_000).optional(),
  }),
  /** The address is shown here, once. */
  output: z.object({ id: z.string(), url: z.string(), expiresAt: time, link: z.string() }),
  run: async (services, input, { name: actor }) => {
    const { database, launches, portalUsers } = services;
    const biller = await requireBiller(services, input.biller);
    const { user: id, email: address, accounts: all, viewMode, ...rest } = input;
    const user = { id, email: address, accounts: all };
    const mode = viewMode === undefined ? undefined : viewMode === '1' ? 1 : 0;
    const { checks, plan } = planLaunch(biller, { ...rest, user, account: all[0]?.number ?? '', viewMode: mode });
    const fault = firstFault(checks);
    if (fault !== undefined || plan === undefined) {
      const { field = 'user', given, complaint = 'is not accepted' } = fault ?? {};
      const named = field === 'account' ? 'accounts' : field;
      throw new InputError(`${complaint}.`, { field: named, given: given === undefined ? undefined : String(given) });
    }
    const by = { billerId: biller.id, actor, reference: newReference() };
    const launch = await database.transaction((transaction) => launches.makeWithin(transaction, plan, by));
    await portalUsers.settled(launch.change);
    return { id: launch.id, url: launch.url, expiresAt: launch.expiresAt, link: plan.link };
  },
});
