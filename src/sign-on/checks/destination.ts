import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML core, 3.2.1: a Destination, where there is one, must be the address that the message came to. */
export const destination: Check = ({ request, biller }) => {
  if (request.destination === undefined || request.destination === biller.ssoUrl) return;
  throw new IdpError('destination_wrong', {
    detail: `Destination must be "${biller.ssoUrl}", it is "${request.destination.slice(0, 200)}"`,
  });
};
