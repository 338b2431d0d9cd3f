import { broken, type Check, shown } from '../check.ts';

/**
 * SAML core, 3.2.1: a Destination, if there is one, must be the address that received the message. A signed message
 * must have one (SAML bindings, 3.4.5.2 and 3.5.5.2), or the signed message could be replayed to another address.
 */
export const destination: Check = ({ request, biller }) => {
  if (request.destination === biller.ssoUrl) return;
  if (request.destination === undefined && !request.signed) return;
  throw broken('destination_wrong', 'Destination', `"${biller.ssoUrl}"`, shown(request.destination));
};
