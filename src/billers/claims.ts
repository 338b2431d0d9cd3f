import { IdpError } from '../errors/idp-error.ts';
import { loginTypeOf } from '../invoice-cloud/login-type.ts';
import type { Attribute } from '../saml/assertion.ts';
import { isWritable } from '../saml/escape.ts';
import { ATTRIBUTE_NAME_FORMATS } from '../saml/names.ts';
import type { BillerSettings } from './settings.ts';

/** The account that a sign-on is for. */
export interface Account {
  readonly number: string;
  readonly role: string;
}

type Claim = BillerSettings['emailClaim'];

function attribute(claim: Claim, value: string): Attribute {
  if (value === '') {
    throw new IdpError('claim_missing', {
      detail: `the claim ${claim.name} has no value`,
      sentence: `Invoice Cloud requires “${claim.name}”, which is not recorded for you.`,
    });
  }
  if (!isWritable(value)) {
    throw new IdpError('claim_invalid', {
      detail: `the claim ${claim.name} has characters that XML can't carry`,
      sentence: `What is recorded for you as “${claim.name}” contains characters that can’t be sent to Invoice Cloud.`,
    });
  }
  return { name: claim.name, nameFormat: ATTRIBUTE_NAME_FORMATS[claim.nameFormat], values: [value] };
}

/**
 * Turns a portal user and the chosen account into the biller's claims, always in the same order.
 *
 * @throws IdpError claim_missing, claim_invalid
 */
export function claimsOf(settings: BillerSettings, email: string, account: Account): Attribute[] {
  const loginType = loginTypeOf(account.role, settings.loginTypes, settings.defaultLoginType);
  const claims = [attribute(settings.emailClaim, email), attribute(settings.loginTypeClaim, String(loginType))];
  if (settings.accountNumberClaim !== null) claims.push(attribute(settings.accountNumberClaim, account.number));
  return claims;
}
