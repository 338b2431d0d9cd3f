import { AUTHN_CONTEXT_OF, authnContextFor } from '../authn-context.ts';
import { broken, type Check, shown } from '../check.ts';

/**
 * SAML core, 3.4.1 and 3.3.2.2.1: a sign-in by password satisfies the request, or the request is refused. A session that
 * began otherwise is held against it once it is known: see demands.ts of the SSO Service.
 */
export const requestedAuthnContext: Check<'authnContextClassRef' | 'requestedAuthnContext'> = ({ request }) => {
  const requested = request.requestedAuthnContext;
  const authnContextClassRef = authnContextFor(requested, 'password');
  if (authnContextClassRef === undefined) {
    const found = `${requested?.comparison} ${shown(requested?.classRefs.join(' '))}`;
    throw broken(
      'authn_context_unsupported',
      'RequestedAuthnContext',
      `what "${AUTHN_CONTEXT_OF.password}" meets`,
      found,
    );
  }
  return { authnContextClassRef, requestedAuthnContext: requested };
};
