import {
  AUTHN_CONTEXT_PASSWORD,
  AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
  AUTHN_CONTEXT_UNSPECIFIED,
} from '../../protocols/saml/names.ts';
import type { RequestedAuthnContext } from '../../protocols/saml/reading/authn-request.ts';
import type { BillerSettings } from '../billers/settings.ts';
import type { BeganBy } from '../sessions/schema.ts';

/** The classes that a session here can have, weakest first. */
const CLASSES = [AUTHN_CONTEXT_UNSPECIFIED, AUTHN_CONTEXT_PASSWORD, AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT];

/**
 * The strongest class that is true of a session, unless its provider says more: a password over TLS; or unspecified, because
 * the portal or its provider says who it is, and not how it knows.
 */
export const AUTHN_CONTEXT_OF: Readonly<Record<BeganBy, string>> = {
  password: AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
  portal: AUTHN_CONTEXT_UNSPECIFIED,
  oidc: AUTHN_CONTEXT_UNSPECIFIED,
};

/** @returns the strongest class that is true of a session */
export const authnContextOfSession = ({
  beganBy,
  authnContext,
}: {
  readonly beganBy: BeganBy;
  readonly authnContext: string | null;
}): string => authnContext ?? AUTHN_CONTEXT_OF[beganBy];

/** @returns the strongest class of each way in which portal users of a biller become known, without those of launches */
export const authnContextsOf = ({ signIn, oidcAcr }: Pick<BillerSettings, 'signIn' | 'oidcAcr'>): string[] =>
  signIn === 'directory' ? [AUTHN_CONTEXT_OF.password] : [AUTHN_CONTEXT_OF.oidc, ...Object.values(oidcAcr)];

/** @returns the acr values that satisfy a request; none if it names no class */
export const acrValuesFor = (
  requested: RequestedAuthnContext | undefined,
  { oidcAcr }: Pick<BillerSettings, 'oidcAcr'>,
): string[] =>
  requested === undefined
    ? []
    : Object.keys(oidcAcr).filter((acr) => authnContextFor(requested, oidcAcr[acr] ?? '') !== undefined);

/**
 * SAML core, 3.3.2.2.1. A class that only a provider's acr is mapped to counts as stronger than all others here, and says
 * nothing of passwords.
 *
 * @param requested undefined if the request names no class
 * @param strongest class that is true of the session
 * @returns the class for the assertion, or undefined if such a session does not satisfy the request
 */
export function authnContextFor(requested: RequestedAuthnContext | undefined, strongest: string): string | undefined {
  if (requested === undefined) return strongest;
  const { comparison, classRefs, declRefs } = requested;
  if (classRefs.length === 0 || declRefs.length > 0) return undefined;
  const isOurs = CLASSES.includes(strongest);
  const ours = CLASSES.slice(0, CLASSES.indexOf(strongest) + 1);
  const claimable = isOurs ? ours : [AUTHN_CONTEXT_UNSPECIFIED, strongest];
  const reached = isOurs ? ours : [...CLASSES, strongest];
  const met = classRefs.filter((classRef) => reached.includes(classRef));
  switch (comparison) {
    case 'exact':
      // "The exact match of at least one": the first one satisfied, in the requester's order of preference.
      return classRefs.find((classRef) => claimable.includes(classRef));
    case 'minimum':
      return met.length > 0 ? strongest : undefined;
    case 'maximum':
      // As strong as possible, but no stronger than a named one; a class that is not ours counts as stronger.
      return met.length < classRefs.length ? strongest : claimable.findLast((classRef) => met.includes(classRef));
    case 'better':
      return met.length === classRefs.length && !met.includes(strongest) ? strongest : undefined;
    default:
      return undefined;
  }
}
