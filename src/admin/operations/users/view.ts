import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import { accountsOfAll, findUser, findUsersWithEmail, type PortalUserRow } from '../../../core/portal-users/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';

/** Who vouches for a portal user, and who they are there; null in the directory, where that is the email. */
export const identitySchema = {
  source: z.enum(['directory', 'portal', 'oidc']),
  externalId: z.string().nullable(),
};

/** A portal user as shown to operators. */
export const userViewSchema = z.object({
  id: z.string(),
  ...identitySchema,
  email: z.string(),
  disabled: z.boolean(),
  accounts: z.array(z.object({ number: z.string(), role: z.string() })),
});

/** @returns the portal users as shown to operators, in the same order */
export async function userViews(db: Db, users: readonly PortalUserRow[]) {
  const ids = users.map(({ id }) => id);
  const accounts = await accountsOfAll(db, ids);
  return users.map(({ id, source, externalId, email, disabled }) => {
    return { id, source, externalId, email, disabled, accounts: accounts.get(id) ?? [] };
  });
}

export async function userView(db: Db, user: PortalUserRow): Promise<z.input<typeof userViewSchema>> {
  const [view] = await userViews(db, [user]);
  return view as z.input<typeof userViewSchema>;
}

/** @returns a sentence for each role that the biller maps to no login type: it may be a typo */
export function roleWarnings(
  { slug, settings: { loginTypes, defaultLoginType } }: Biller,
  accounts: readonly { readonly role: string }[],
): string[] {
  const known = Object.keys(loginTypes);
  if (known.length === 0) return [];
  const unknown = [...new Set(accounts.map(({ role }) => role))].filter((role) => !known.includes(role));
  return unknown.map(
    (role) =>
      `The role "${role}" is in no mapping of ${slug} (${known.join(', ')}), so its login type is ${defaultLoginType}, as for everybody else.`,
  );
}

export const noUser = (address: string) =>
  new InputError(`There is no portal user ${address}.`, { code: 'user_not_found' });

/** @throws InputError if the biller's directory has no such portal user */
export async function requireUser(db: Db, billerId: string, address: string): Promise<PortalUserRow> {
  const user = await findUser(db, billerId, address);
  if (user !== undefined) return user;
  if ((await findUsersWithEmail(db, billerId, address)).length === 0) throw noUser(address);
  throw new InputError(
    `${address} is not in the directory: the portal says who this is, and changes or removes them.`,
    {
      code: 'user_not_found',
    },
  );
}
