import type { VerifiedAssertion } from './assertion.ts';
import type { Biller } from './biller.ts';
import { Refusal } from './refusal.ts';

/** The claims as Invoice Cloud uses them. */
interface Claims {
  readonly email: string;
  readonly loginType: number;
  readonly account: string;
}

/**
 * Takes the claims out of a verified assertion under the names that the onboarding form gave them.
 * @param linkAccount the account in the redirect link; it must be the one in the claim, when one is expected
 * @throws Refusal that names the claim
 */
export function readClaims(biller: Biller, attributes: VerifiedAssertion['attributes'], linkAccount: string): Claims {
  const email = single(attributes, biller.claimEmail);
  if (email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw refusedClaim(`The claim ${biller.claimEmail} is not an email address.`);
  }
  const loginType = single(attributes, biller.claimLoginType);
  if (!/^-?[0-9]{1,9}$/.test(loginType)) {
    throw refusedClaim(`The claim ${biller.claimLoginType} is "${loginType}"; a whole number is expected.`);
  }
  if (biller.claimAccountNumber === '') {
    return { email, loginType: Number(loginType), account: linkAccount };
  }
  const account = single(attributes, biller.claimAccountNumber);
  if (account !== linkAccount) {
    throw new Refusal(
      'account-mismatch',
      403,
      'The account in the link is not the one in the claim.',
      'Sign out at the portal, and start again from the account that you want to pay for.',
    );
  }
  return { email, loginType: Number(loginType), account };
}

function single(attributes: VerifiedAssertion['attributes'], name: string): string {
  const values = attributes.get(name);
  if (values === undefined) {
    const present = [...attributes.keys()].join(', ') || 'none at all';
    throw refusedClaim(`The claim ${name} is missing. The claims in the assertion are: ${present}.`);
  }
  const [value, ...more] = values;
  if (value === undefined || value === '' || more.length > 0) {
    throw refusedClaim(`The claim ${name} has ${values.length} values or an empty one; exactly one value is expected.`);
  }
  return value;
}

function refusedClaim(reason: string): Refusal {
  return new Refusal(
    'claim-refused',
    403,
    reason,
    'Compare the claim names in the onboarding form with those that the Identity Provider sends.',
  );
}
