import { z } from 'zod';
import type { Account } from '../../core/billers/claims.ts';
import type { BillerSettings } from '../../core/billers/settings.ts';
import { accountNumber, accountRole, externalId, MAX_ACCOUNTS, saidEmail } from '../../core/portal-users/facts.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

/** Claims of an ID token and of the userinfo endpoint together. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a provider says of a portal user. */
export interface SaidOfUser {
  /** `sub`: who they are at the provider. */
  readonly id: string;
  readonly email: string;
  /** Undefined if the biller's provider does not state accounts. */
  readonly accounts: readonly Account[] | undefined;
}

type Reading = Pick<BillerSettings, 'oidcEmailClaim' | 'oidcUnverifiedEmail' | 'oidcAccountsClaim' | 'oidcDefaultRole'>;

/** Some providers give `true` as a text (Amazon Cognito). */
const isTrue = (claim: unknown) => claim === true || claim === 'true';

/** @returns the claims that must be known of a user, by name */
export const wantedClaims = ({ oidcEmailClaim, oidcUnverifiedEmail, oidcAccountsClaim }: Reading): string[] => [
  oidcEmailClaim,
  ...(oidcUnverifiedEmail ? [] : ['email_verified']),
  ...(oidcAccountsClaim === null ? [] : [oidcAccountsClaim]),
];

function emailOf(claims: Claims, settings: Reading): string {
  const { oidcEmailClaim: name } = settings;
  const email = claims[name];
  if (email === undefined || email === null || email === '') {
    throw new IdpError('claim_missing', { detail: `the provider sent no claim "${name}"` });
  }
  if (!saidEmail.safeParse(email).success) {
    throw new IdpError('claim_invalid', { detail: `the claim "${name}" of the provider is not an email address` });
  }
  if (settings.oidcUnverifiedEmail) return email as string;
  if (!isTrue(claims.email_verified)) {
    const found = claims.email_verified === undefined ? 'nothing' : 'that it is not';
    const detail = `email_verified: expected true; the provider says ${found}`;
    throw new IdpError('email_unverified', { detail });
  }
  // It is said of the claim `email` and of no other (OpenID Connect Core, 5.1).
  if (claims.email !== email) {
    const detail = `email_verified: it is said of the claim "email", which differs from the claim "${name}"`;
    throw new IdpError('email_unverified', { detail });
  }
  return email as string;
}

/** An account number, which a provider may write as a number. */
const number = z.preprocess((given) => (Number.isSafeInteger(given) ? String(given) : given), accountNumber);

const accountIn = (defaultRole: string) =>
  z.union([
    number.transform((text) => ({ number: text, role: defaultRole })),
    z
      .looseObject({ number, role: accountRole.nullish() })
      .transform(({ number: text, role }) => ({ number: text, role: role ?? defaultRole })),
  ]);

/** One account or a list of them: numbers, or objects with `number` and `role`. */
function accountsOf(claim: unknown, name: string, defaultRole: string): Account[] {
  if (claim === undefined || claim === null) return [];
  const list = Array.isArray(claim) ? claim : [claim];
  const read = z.array(accountIn(defaultRole)).max(MAX_ACCOUNTS).safeParse(list);
  if (!read.success) {
    const detail = `the claim "${name}" of the provider: expected account numbers, or objects with number and role, at most ${MAX_ACCOUNTS}`;
    throw new IdpError('claim_invalid', { detail });
  }
  // The first one counts: a provider that merges groups may state an account twice.
  return [...new Map(read.data.toReversed().map((account) => [account.number, account])).values()].toReversed();
}

/**
 * Reads what a provider says of a portal user, by the biller's settings.
 *
 * @param claims of the ID token, and of the userinfo endpoint where it was asked
 * @throws IdpError claim_missing, claim_invalid, email_unverified
 */
export function readSaidOfUser(claims: Claims, settings: Reading): SaidOfUser {
  const id = externalId.safeParse(claims.sub);
  if (!id.success) throw new IdpError('claim_invalid', { detail: 'the claim "sub" of the provider can’t be used' });
  const { oidcAccountsClaim: name, oidcDefaultRole } = settings;
  return {
    id: id.data,
    email: emailOf(claims, settings),
    accounts: name === null ? undefined : accountsOf(claims[name], name, oidcDefaultRole),
  };
}
