import { parseInstant } from '../../../protocols/saml/instant.ts';
import { broken, type Check, shown } from '../check.ts';

/** SAML core, 1.3.3 and 3.2.1: a time in UTC, no older than the biller allows and not ahead of our clock. */
export const issueInstant: Check = ({ request, biller, now }) => {
  const instant = request.issueInstant === undefined ? undefined : parseInstant(request.issueInstant);
  if (instant === undefined) {
    throw broken('issue_instant_invalid', 'IssueInstant', 'an xs:dateTime in UTC, with Z', shown(request.issueInstant));
  }
  const { requestMaxAgeSeconds, clockSkewSeconds } = biller.settings;
  const age = Math.round((now - instant) / 1000);
  if (now - instant > (requestMaxAgeSeconds + clockSkewSeconds) * 1000 || now - instant < -clockSkewSeconds * 1000) {
    const expected = `at most ${requestMaxAgeSeconds} s old, give or take ${clockSkewSeconds} s`;
    throw broken('request_stale', 'IssueInstant', expected, age < 0 ? `${-age} s in the future` : `${age} s old`);
  }
};
