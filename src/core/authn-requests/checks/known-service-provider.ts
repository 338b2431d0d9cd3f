import { broken, type Check, shown } from '../check.ts';

/** SAML core, 8.3.6: the only Format allowed for an Issuer. */
const ENTITY_FORMAT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity';

/** SAML profiles, 4.1.4.1: the Issuer is required and names the requester; compared byte by byte (core, 8.3.6). */
export const knownServiceProvider: Check = ({ request, biller }) => {
  if (request.issuer !== biller.serviceProvider.entityId) {
    throw broken('issuer_unknown', 'Issuer', `"${biller.serviceProvider.entityId}"`, shown(request.issuer));
  }
  if (request.issuerFormat !== undefined && request.issuerFormat !== ENTITY_FORMAT) {
    throw broken('issuer_unknown', 'Format of Issuer', `"${ENTITY_FORMAT}" or none`, shown(request.issuerFormat));
  }
};
