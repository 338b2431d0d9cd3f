import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML profiles, 4.1.4.1: the Issuer must be there and name the requester; compared byte by byte (core, 8.3.6). */
export const knownServiceProvider: Check = ({ request, biller }) => {
  if (request.issuer === biller.serviceProvider.entityId) return;
  const found = request.issuer === undefined ? 'there is none' : `it is "${request.issuer.slice(0, 200)}"`;
  throw new IdpError('issuer_unknown', {
    detail: `Issuer must be "${biller.serviceProvider.entityId}", ${found}`,
  });
};
