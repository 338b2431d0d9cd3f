import { acrValuesFor, authnContextFor, authnContextOfSession } from '../../core/authn-requests/authn-context.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Session } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';

/** Whether the session began after the request came, and with it the proof of who the person is. */
function isFresh(accepted: AcceptedRequest, { settings }: Biller, session: Session): boolean {
  if (session.authenticatedAt < accepted.receivedAt) return false;
  if (session.beganBy !== 'oidc') return true;
  // The provider may have signed the person in long before, and its clock is its own.
  const skew = settings.clockSkewSeconds * 1000;
  return session.provenAt !== null && session.provenAt >= accepted.receivedAt - skew;
}

/** Whether the provider may have a sign-in that satisfies the request, which this session does not. */
function canStepUp(accepted: AcceptedRequest, { settings }: Biller, session: Session): boolean {
  if (session.beganBy !== 'oidc' || settings.signIn !== 'oidc') return false;
  // It was asked for that already.
  if (session.authenticatedAt >= accepted.receivedAt) return false;
  const { requestedAuthnContext: requested } = accepted;
  if (authnContextFor(requested, authnContextOfSession(session)) !== undefined) return false;
  return acrValuesFor(requested, settings).length > 0;
}

/**
 * SAML core, 3.4.1: ForceAuthn demands that the person is authenticated now. Whoever came by the portal's word has no
 * password here, and the portal gave its word before the request was made: it can't be had again without another launch,
 * which brings another request.
 *
 * @returns whether the person must sign in again
 * @throws RefusedRequest reauthentication_impossible
 */
export function mustSignInAgain(accepted: AcceptedRequest, biller: Biller, session: Session): boolean {
  if (!accepted.forceAuthn) return canStepUp(accepted, biller, session);
  if (session.beganBy !== 'portal') return !isFresh(accepted, biller, session);
  const detail = 'ForceAuthn: expected a sign-in after the request; found a session by the word of the portal';
  throw new RefusedRequest(accepted, new IdpError('reauthentication_impossible', { detail }));
}

/**
 * SAML core, 3.3.2.2.1.
 *
 * @returns the class that is true of this session and satisfies the request
 * @throws RefusedRequest authn_context_unsupported if there is none
 */
export function authnContextOf(accepted: AcceptedRequest, session: Session): string {
  const strongest = authnContextOfSession(session);
  const classRef = authnContextFor(accepted.requestedAuthnContext, strongest);
  if (classRef !== undefined) return classRef;
  const said = { password: 'of the password', portal: 'the portal says who it is', oidc: 'of what the provider said' };
  const detail = `RequestedAuthnContext: expected what "${strongest}" meets, because ${said[session.beganBy]}; found more`;
  throw new RefusedRequest(accepted, new IdpError('authn_context_unsupported', { detail }));
}
