import { IdpError } from '../../errors/idp-error.ts';
import { parseInstant } from '../../saml/instant.ts';
import type { Check } from './check.ts';

/** SAML core, 1.3.3 and 3.2.1: a time in UTC; and not older than the biller allows, nor ahead of our clock. */
export const issueInstant: Check = ({ request, biller, now }) => {
  const instant = request.issueInstant === undefined ? undefined : parseInstant(request.issueInstant);
  if (instant === undefined) {
    throw new IdpError('issue_instant_invalid', { detail: 'IssueInstant must be an xs:dateTime in UTC, with Z' });
  }
  const { requestMaxAgeSeconds, clockSkewSeconds } = biller.settings;
  const age = (now - instant) / 1000;
  if (age > requestMaxAgeSeconds + clockSkewSeconds || age < -clockSkewSeconds) {
    throw new IdpError('request_stale', {
      detail: `IssueInstant must be at most ${requestMaxAgeSeconds} s old, give or take ${clockSkewSeconds} s; its age is ${Math.round(age)} s`,
    });
  }
};
