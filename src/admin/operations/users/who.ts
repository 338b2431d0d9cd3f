import { externalId } from '../../../core/portal-users/facts.ts';
import { findUsersWithEmail, listUsers, type PortalUserRow } from '../../../core/portal-users/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { email } from './input.ts';
import { identitySchema, noUser } from './view.ts';

/** More are not named, and nobody has so many. */
const MAX_NAMED = 10;

/** Portal users of any source. All that is given must match. */
export const whoSchema = {
  email: email.optional(),
  externalId: externalId.optional(),
  source: identitySchema.source.optional(),
};

interface Who {
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
  readonly source?: PortalUserRow['source'] | undefined;
}

/** @returns at most `limit` of the portal users who are meant */
export async function usersMeant(db: Db, billerId: string, who: Who, limit: number): Promise<PortalUserRow[]> {
  const ids = who.email === undefined ? undefined : await findUsersWithEmail(db, billerId, who.email);
  return listUsers(db, billerId, { ids, externalId: who.externalId, source: who.source }, limit);
}

const inWords = ({ source, externalId: id }: PortalUserRow) => (id === null ? source : `${source} ${id}`);

/**
 * Finds one portal user of any source.
 *
 * @throws InputError if there is none, or if several are meant: then it names them
 */
export async function requireOneUser(db: Db, billerId: string, who: Who): Promise<PortalUserRow> {
  if (who.email === undefined && who.externalId === undefined) {
    throw new InputError('The email address or the ID of the portal user is missing.', { field: 'email' });
  }
  const found = await usersMeant(db, billerId, who, MAX_NAMED);
  const [user, ...others] = found;
  if (user === undefined) throw noUser([who.email, who.source, who.externalId].filter(Boolean).join(', '));
  if (others.length === 0) return user;
  throw new InputError(`Several portal users are meant: ${found.map(inWords).join('; ')}.`, { code: 'user_ambiguous' });
}
