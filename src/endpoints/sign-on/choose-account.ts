import { type Account, claimsOf } from '../../core/billers/claims.ts';
import type { BillerSettings } from '../../core/billers/settings.ts';
import type { Session, Sessions } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

/** @returns whether all accounts give the same claims, so that it makes no difference which one is meant */
function allTheSame(settings: BillerSettings, email: string, accounts: readonly Account[]): boolean {
  const claims = accounts.map((account) => JSON.stringify(claimsOf(settings, email, account)));
  return claims.every((text) => text === claims[0]);
}

/** @returns the first account @throws IdpError account_missing */
export function requireAnyAccount({ accounts: [first] }: Session): Account {
  if (first === undefined) throw new IdpError('account_missing', { detail: 'the portal user has no account' });
  return first;
}

const forbidden = () =>
  new IdpError('account_forbidden', { detail: 'the chosen account is not one of the portal user’s' });

/** @returns an account of the portal user's @throws IdpError account_forbidden */
function requireAccount({ accounts }: Session, wanted: string): Account {
  const account = accounts.find(({ number }) => number === wanted);
  if (account !== undefined) return account;
  throw forbidden();
}

/**
 * Finds the account that a sign-on is for: the one chosen on the page, the one that the launch named, or the only one.
 * Inside a frame it is the one of its launch, always.
 *
 * @param chosen an account number as a form sent it
 * @returns undefined if the portal user must choose
 * @throws IdpError account_missing, account_forbidden
 */
export async function chooseAccount(
  settings: BillerSettings,
  sessions: Sessions,
  session: Session,
  chosen: string | undefined,
): Promise<Account | undefined> {
  const { accounts } = session;
  const first = requireAnyAccount(session);
  if (session.framedAccount !== null) {
    const account = requireAccount(session, session.framedAccount);
    if (chosen !== undefined && chosen !== account.number) throw forbidden();
    await sessions.takeLaunched(session);
    return account;
  }
  if (chosen !== undefined) return requireAccount(session, chosen);
  const launched = await sessions.takeLaunched(session);
  // It may have been taken from the portal user since. The page of Invoice Cloud is still about it.
  if (launched !== undefined) return requireAccount(session, launched);
  // If the assertion names all accounts, the first one's role determines the login type.
  if (settings.accounts === 'all') return first;
  return accounts.length === 1 || allTheSame(settings, session.user.email, accounts) ? first : undefined;
}
