import { AUTHN_CONTEXT_OF, authnContextFor } from '../../core/authn-requests/authn-context.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Session } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

/**
 * SAML core, 3.4.1: ForceAuthn demands that the person is authenticated now. Whoever came by the portal's word has no
 * password here, and the portal gave its word before the request was made: it can't be had again without another launch,
 * which brings another request.
 *
 * @returns whether the person must sign in again
 * @throws RefusedRequest reauthentication_impossible
 */
export function mustSignInAgain(accepted: AcceptedRequest, { beganBy, authenticatedAt }: Session): boolean {
  if (!accepted.forceAuthn) return false;
  if (beganBy === 'password') return authenticatedAt < accepted.receivedAt;
  const detail = 'ForceAuthn: expected a sign-in after the request; found a session by the word of the portal';
  throw new RefusedRequest(accepted, new IdpError('reauthentication_impossible', { detail }));
}

/**
 * SAML core, 3.3.2.2.1.
 *
 * @returns the class that is true of this session and satisfies the request
 * @throws RefusedRequest authn_context_unsupported if there is none
 */
export function authnContextOf(accepted: AcceptedRequest, { beganBy }: Session): string {
  if (beganBy === 'password') return accepted.authnContextClassRef;
  const classRef = authnContextFor(accepted.requestedAuthnContext, beganBy);
  if (classRef !== undefined) return classRef;
  const detail = `RequestedAuthnContext: expected what "${AUTHN_CONTEXT_OF[beganBy]}" meets, because the portal says who it is; found more`;
  throw new RefusedRequest(accepted, new IdpError('authn_context_unsupported', { detail }));
}
