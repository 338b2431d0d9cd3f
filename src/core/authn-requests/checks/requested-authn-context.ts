import {
  AUTHN_CONTEXT_PASSWORD,
  AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT,
  AUTHN_CONTEXT_UNSPECIFIED,
} from '../../../protocols/saml/names.ts';
import type { RequestedAuthnContext } from '../../../protocols/saml/reading/authn-request.ts';
import { broken, type Check, shown } from '../check.ts';

/** How every portal user signs in: a password, over TLS. */
export const OUR_AUTHN_CONTEXT = AUTHN_CONTEXT_PASSWORD_PROTECTED_TRANSPORT;
/** The classes that such a sign-in satisfies, weakest first. */
const MET = [AUTHN_CONTEXT_UNSPECIFIED, AUTHN_CONTEXT_PASSWORD, OUR_AUTHN_CONTEXT];

/** SAML core, 3.3.2.2.1. @returns the class for the assertion, or undefined if the sign-in does not satisfy the request */
function meet({ comparison, classRefs, declRefs }: RequestedAuthnContext): string | undefined {
  if (classRefs.length === 0 || declRefs.length > 0) return undefined;
  const met = classRefs.filter((classRef) => MET.includes(classRef));
  switch (comparison) {
    case 'exact':
      // "The exact match of at least one": the first one satisfied, in the requester's order of preference.
      return met[0];
    case 'minimum':
      return met.length > 0 ? OUR_AUTHN_CONTEXT : undefined;
    case 'maximum':
      // As strong as possible, but no stronger than a named one; an unknown class counts as stronger.
      if (met.length < classRefs.length || met.includes(OUR_AUTHN_CONTEXT)) return OUR_AUTHN_CONTEXT;
      return met.includes(AUTHN_CONTEXT_PASSWORD) ? AUTHN_CONTEXT_PASSWORD : AUTHN_CONTEXT_UNSPECIFIED;
    case 'better':
      return met.length === classRefs.length && !met.includes(OUR_AUTHN_CONTEXT) ? OUR_AUTHN_CONTEXT : undefined;
    default:
      return undefined;
  }
}

/** SAML core, 3.4.1 and 3.3.2.2.1: the sign-in satisfies the request, or the request is refused. */
export const requestedAuthnContext: Check<'authnContextClassRef'> = ({ request }) => {
  if (request.requestedAuthnContext === undefined) return { authnContextClassRef: OUR_AUTHN_CONTEXT };
  const authnContextClassRef = meet(request.requestedAuthnContext);
  if (authnContextClassRef === undefined) {
    const { comparison, classRefs } = request.requestedAuthnContext;
    const found = `${comparison} ${shown(classRefs.join(' '))}`;
    throw broken('authn_context_unsupported', 'RequestedAuthnContext', `what "${OUR_AUTHN_CONTEXT}" meets`, found);
  }
  return { authnContextClassRef };
};
