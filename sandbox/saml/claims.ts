import type { Biller } from '../billers/biller.ts';
import { Refusal } from '../refusal.ts';
import type { VerifiedAssertion } from './assertion.ts';

/** The claims that Invoice Cloud uses. */
interface Claims {
  readonly email: string;
  readonly loginType: number;
  readonly account: string;
}

/**
 * Takes the claims from a verified assertion, by the names from the onboarding form.
 * @param linkAccount the account in the redirect link; it must match the claim, if one is expected
 * @throws Refusal that names the claim
 */
export function readClaims(biller: Biller, attributes: VerifiedAssertion['attributes'], linkAccount: string): Claims {
  const email = single(attributes, biller.claimEmail);
  if (email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw refusedClaim(`The claim ${biller.claimEmail} is not an email address.`);
  }
  const loginType = single(attributes, biller.claimLoginType);
  if (!/^-?[0-9]{1,9}$/.test(loginType)) {
    throw refusedClaim(`The claim ${biller.claimLoginType} is "${loginType}"; it must be a whole number.`);
  }
  if (biller.claimAccountNumber === '') {
    return { email, loginType: Number(loginType), account: linkAccount };
  }
  const account = single(attributes, biller.claimAccountNumber);
  if (account !== linkAccount) {
    throw new Refusal(
      'account-mismatch',
      403,
      'The account in the link does not match the claim.',
      'Sign out of the portal, then start again from the account that you want to pay for.',
    );
  }
  return { email, loginType: Number(loginType), account };
}

function single(attributes: VerifiedAssertion['attributes'], name: string): string {
  const values = attributes.get(name);
  if (values === undefined) {
    const present = [...attributes.keys()].join(', ') || 'none';
    throw refusedClaim(`The claim ${name} is missing. The claims in the assertion are: ${present}.`);
  }
  const [value, ...more] = values;
  if (value === undefined || value === '' || more.length > 0) {
    throw refusedClaim(`The claim ${name} has ${values.length} values or an empty one; it must have exactly one.`);
  }
  return value;
}

function refusedClaim(reason: string): Refusal {
  return new Refusal(
    'claim-refused',
    403,
    reason,
    'Compare the claim names in the onboarding form with those sent by the Identity Provider.',
  );
}
