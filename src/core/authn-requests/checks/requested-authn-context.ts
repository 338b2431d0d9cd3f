import { authnContextFor, authnContextsOf } from '../authn-context.ts';
import { broken, type Check, shown } from '../check.ts';

/**
 * SAML core, 3.4.1 and 3.3.2.2.1: a sign-in at this biller can satisfy the request, or the request is refused. The session
 * is held against it once it is known: see demands.ts of the SSO Service.
 */
export const requestedAuthnContext: Check<'authnContextClassRef' | 'requestedAuthnContext'> = ({ request, biller }) => {
  const requested = request.requestedAuthnContext;
  const possible = authnContextsOf(biller.settings);
  for (const strongest of possible) {
    const authnContextClassRef = authnContextFor(requested, strongest);
    if (authnContextClassRef !== undefined) return { authnContextClassRef, requestedAuthnContext: requested };
  }
  const found = `${requested?.comparison} ${shown(requested?.classRefs.join(' '))}`;
  const expected = `what ${possible.map((classRef) => `"${classRef}"`).join(' or ')} meets`;
  throw broken('authn_context_unsupported', 'RequestedAuthnContext', expected, found);
};
