import { IdpError } from '../../platform/errors/idp-error.ts';
import { loginTypeOf } from '../../protocols/invoice-cloud/login-type.ts';
import { ATTRIBUTE_NAME_FORMATS } from '../../protocols/saml/names.ts';
import type { Attribute } from '../../protocols/saml/writing/assertion.ts';
import { isWritable } from '../../protocols/saml/writing/escape.ts';
import type { BillerSettings } from './settings.ts';

/** The account that a sign-on is for. */
export interface Account {
  readonly number: string;
  readonly role: string;
}

type Claim = BillerSettings['emailClaim'];

function requireValue(claim: Claim, value: string): string {
  if (value === '') {
    throw new IdpError('claim_missing', {
      detail: `the claim ${claim.name} has no value`,
      sentence: `Invoice Cloud requires “${claim.name}”, but we have no value for you.`,
    });
  }
  if (!isWritable(value)) {
    throw new IdpError('claim_invalid', {
      detail: `the claim ${claim.name} has characters that XML can't represent`,
      sentence: `Your “${claim.name}” contains characters that can’t be sent to Invoice Cloud.`,
    });
  }
  return value;
}

const attribute = (claim: Claim, values: readonly string[]): Attribute => ({
  name: claim.name,
  nameFormat: ATTRIBUTE_NAME_FORMATS[claim.nameFormat],
  friendlyName: claim.friendlyName,
  values: values.map((value) => requireValue(claim, value)),
});

/** @returns the LoginType claim for an account */
export const loginTypeFor = ({ loginTypes, defaultLoginType }: BillerSettings, { role }: Account): number =>
  loginTypeOf(role, loginTypes, defaultLoginType);

/**
 * @param account the account that the sign-on is for
 * @param all all accounts of the portal user
 * @returns the accounts in the AccountNumber claim; none if the biller does not get that claim
 */
export function claimedAccounts(settings: BillerSettings, account: Account, all: readonly Account[]) {
  if (settings.accountNumberClaim === null) return [];
  return settings.accounts === 'all' ? all : [account];
}

/**
 * Turns a portal user and the chosen account into the biller's claims, always in the same order.
 *
 * @param account the account that the sign-on is for; its role determines the login type
 * @param all all accounts of the portal user, for billers that want all of them sent
 * @throws IdpError claim_missing, claim_invalid
 */
export function claimsOf(
  settings: BillerSettings,
  email: string,
  account: Account,
  all: readonly Account[] = [account],
): Attribute[] {
  const loginType = loginTypeFor(settings, account);
  const claims = [attribute(settings.emailClaim, [email]), attribute(settings.loginTypeClaim, [String(loginType)])];
  if (settings.accountNumberClaim !== null) {
    const numbers = claimedAccounts(settings, account, all).map(({ number }) => number);
    claims.push(attribute(settings.accountNumberClaim, numbers));
  }
  for (const { values, ...claim } of settings.constantClaims) claims.push(attribute(claim, values));
  return claims;
}
