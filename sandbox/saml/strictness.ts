import { Refusal } from '../refusal.ts';
import { clockSkewMs, maxAssertionAgeMs } from './service-provider.ts';
import type { XmlElement } from './xml-tree.ts';

/** The refusal of a Response that is readable but not trustworthy. */
export function refused(reason: string, cause?: unknown): Refusal {
  return new Refusal(
    'response-refused',
    403,
    reason,
    'Start again from the portal. If the problem persists, compare the onboarding data with the Identity Provider.',
    cause,
  );
}

/**
 * Reads a SAML time: xs:dateTime in UTC (SAML core 1.3.3).
 * @returns milliseconds since 1970
 * @throws Refusal if it is absent or not in that format
 */
export function readInstant(what: string, text: string | undefined): number {
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  if (Number.isNaN(instant)) {
    throw refused(`${what} is ${text ?? 'absent'}; it must be a UTC time such as 2030-01-31T12:00:00Z.`);
  }
  return instant;
}

/** Checks that something was issued neither in the future nor too long ago. */
export function checkRecent(what: string, issueInstant: string | undefined, now: number): void {
  const issued = readInstant(`The IssueInstant (${what})`, issueInstant);
  if (issued > now + clockSkewMs) {
    throw refused(`${what} was issued in the future, at ${issueInstant}. The clocks are too far apart.`);
  }
  if (issued < now - maxAssertionAgeMs - clockSkewMs) {
    throw refused(`${what} is too old: it was issued at ${issueInstant}.`);
  }
}

/** Checks that the children are in schema order, as a validating Service Provider would. */
export function checkOrder(element: XmlElement, order: readonly string[]): void {
  let reached = 0;
  for (const child of element.children) {
    const place = order.indexOf(child.name);
    if (place === -1 || place < reached) {
      throw refused(`${element.name} has ${child.name} where the SAML schema does not allow it.`);
    }
    reached = place;
  }
}
