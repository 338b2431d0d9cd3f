import type { Account } from '../../../core/billers/claims.ts';
import { endCanariesOf } from '../../../core/keys/trust/canary-events.ts';
import { forgetBrowsersOfUser } from '../../../core/portal-users/known-browsers.ts';
import { withdrawPasswordLink } from '../../../core/portal-users/password-links.ts';
import { type PortalUserRow, updateUser } from '../../../core/portal-users/store.ts';
import { deleteSessionsOfUser } from '../../../core/sessions/store.ts';
import type { Transaction } from '../../../platform/database/database.ts';
import { newReference } from '../../../platform/util/reference.ts';
import type { Uses } from '../services.ts';

/** What an operator changes of a portal user. */
export interface UserChanges {
  readonly email?: string | undefined;
  readonly passwordHash?: string | undefined;
  readonly accounts?: readonly Account[] | undefined;
  readonly disabled?: boolean | undefined;
}

const NAMES = { email: 'email', passwordHash: 'password', accounts: 'accounts', disabled: 'disabled' } as const;

/**
 * Changes a portal user, with all that follows from it, and writes the events. Once that is committed, wait for
 * earlierAppendsEnded.
 *
 * @param user as locked in this transaction
 */
export async function changeUser(
  { audit, keyedHash }: Uses<'audit' | 'keyedHash'>,
  transaction: Transaction,
  { id: userId, billerId, email: address }: PortalUserRow,
  changes: UserChanges,
  actor: string,
): Promise<void> {
  const { email, passwordHash, disabled, accounts } = changes;
  const columns = {
    ...(email === undefined ? {} : { email }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
    ...(disabled === undefined ? {} : { disabled }),
  };
  await updateUser(transaction, userId, columns, accounts);
  const isShutOut = passwordHash !== undefined || disabled === true;
  // One session never names two people: with another email address it would, where that is the NameID.
  if (isShutOut || email !== undefined) {
    await deleteSessionsOfUser(transaction, userId);
    // It may lie in the old mailbox.
    await withdrawPasswordLink(transaction, userId);
  }
  // Who knew the password is a stranger again. With another email address they are still the same person.
  if (isShutOut) await forgetBrowsersOfUser(transaction, userId);
  const about = { reference: newReference(), billerId, userId };
  if (disabled === true) {
    const cause = { actor, reason: 'the portal user was disabled', reference: about.reference };
    for (const event of await endCanariesOf(transaction, [userId], cause)) await audit.appendWithin(transaction, event);
  }
  const names = Object.keys(NAMES) as (keyof typeof NAMES)[];
  await audit.appendWithin(transaction, {
    event: 'user.updated',
    ...about,
    email: address,
    otherAccounts: accounts?.map(({ number }) => number),
    details: { actor, changed: names.filter((name) => changes[name] !== undefined).map((name) => NAMES[name]) },
  });
  if (email === undefined) return;
  await audit.appendWithin(transaction, {
    event: 'user.email_changed',
    ...about,
    email,
    details: { actor, previous: keyedHash.email(address) },
  });
}
