import { isSameUrl } from '../../../platform/util/web-url.ts';
import { broken, type Check, shown } from '../check.ts';

/**
 * SAML core, 3.2.1: a Destination, if there is one, must be the address that received the message. A signed message
 * must have one (SAML bindings, 3.4.5.2 and 3.5.5.2), or the signed message could be replayed to another address. The
 * same address may be written in several ways (RFC 3986, 6.2), e.g. with the port 443.
 */
export const destination: Check = ({ request, biller }) => {
  const { destination: given } = request;
  if (given === undefined ? !request.signed : isSameUrl(given, biller.ssoUrl)) return;
  throw broken('destination_wrong', 'Destination', `"${biller.ssoUrl}"`, shown(request.destination));
};
