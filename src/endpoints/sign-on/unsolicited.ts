import type { FastifyRequest } from 'fastify';
import { AUTHN_CONTEXT_OF } from '../../core/authn-requests/authn-context.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { isInvited } from '../invited.ts';

/**
 * Makes the accepted request for an unsolicited sign-on (SAML profiles, 4.1.5): the default ACS, and the NameID format and
 * RelayState of the biller's settings.
 *
 * @param now milliseconds since 1970
 * @throws IdpError saml_request_missing if unsolicited sign-on is off for the biller
 */
export function unsolicitedRequest(request: FastifyRequest, biller: Biller, now: number): AcceptedRequest {
  const { settings, serviceProvider } = biller;
  const acs = serviceProvider.acs.find(({ isDefault }) => isDefault);
  if (!settings.unsolicited || acs === undefined) {
    throw new IdpError('saml_request_missing', {
      detail: 'there is no parameter SAMLRequest, and unsolicited sign-on is off for this biller',
    });
  }
  return {
    acsUrl: acs.url,
    relayState: settings.unsolicitedRelayState ?? undefined,
    nameIdFormat: settings.nameIdFormat,
    authnContextClassRef: AUTHN_CONTEXT_OF.password,
    forceAuthn: false,
    isPassive: false,
    receivedAt: now,
    confirm: !isInvited(request, biller),
  };
}
