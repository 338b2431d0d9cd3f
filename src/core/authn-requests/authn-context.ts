import {
  AUTHN_CONTEXT_PASSWORD,
  AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
  AUTHN_CONTEXT_UNSPECIFIED,
} from '../../protocols/saml/names.ts';
import type { RequestedAuthnContext } from '../../protocols/saml/reading/authn-request.ts';
import type { BeganBy } from '../sessions/schema.ts';

/** The classes that a session here can have, weakest first. */
const CLASSES = [AUTHN_CONTEXT_UNSPECIFIED, AUTHN_CONTEXT_PASSWORD, AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT];

/**
 * The strongest class that is true of a session: a password over TLS; or unspecified, because the portal says who it is,
 * and not how it knows.
 */
export const AUTHN_CONTEXT_OF: Readonly<Record<BeganBy, string>> = {
  password: AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
  portal: AUTHN_CONTEXT_UNSPECIFIED,
};

/**
 * SAML core, 3.3.2.2.1.
 *
 * @param requested undefined if the request names no class
 * @returns the class for the assertion, or undefined if a session that began like this does not satisfy the request
 */
export function authnContextFor(requested: RequestedAuthnContext | undefined, beganBy: BeganBy): string | undefined {
  const strongest = AUTHN_CONTEXT_OF[beganBy];
  if (requested === undefined) return strongest;
  const { comparison, classRefs, declRefs } = requested;
  if (classRefs.length === 0 || declRefs.length > 0) return undefined;
  const ours = CLASSES.slice(0, CLASSES.indexOf(strongest) + 1);
  const met = classRefs.filter((classRef) => ours.includes(classRef));
  switch (comparison) {
    case 'exact':
      // "The exact match of at least one": the first one satisfied, in the requester's order of preference.
      return met[0];
    case 'minimum':
      return met.length > 0 ? strongest : undefined;
    case 'maximum':
      // As strong as possible, but no stronger than a named one; a class that is not ours counts as stronger.
      return met.length < classRefs.length ? strongest : ours.findLast((classRef) => met.includes(classRef));
    case 'better':
      return met.length === classRefs.length && !met.includes(strongest) ? strongest : undefined;
    default:
      return undefined;
  }
}
