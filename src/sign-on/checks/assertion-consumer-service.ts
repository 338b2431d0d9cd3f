import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/**
 * SAML core, 3.4.1: the ACS by URL, by index, or the default; never both of the first two. Profiles, 4.1.4.1: only one
 * that is known to belong to the Service Provider. What does not match is an error, never another ACS.
 */
export const assertionConsumerService: Check = ({ request, biller }) => {
  const { acs } = biller.serviceProvider;
  const { acsUrl, acsIndex } = request;
  if (acsUrl !== undefined && acsIndex !== undefined) {
    throw new IdpError('acs_unknown', {
      detail: 'AssertionConsumerServiceURL and AssertionConsumerServiceIndex exclude each other; both came',
    });
  }
  const service = acs.find((candidate) => {
    if (acsUrl !== undefined) return candidate.url === acsUrl;
    if (acsIndex !== undefined) return String(candidate.index) === acsIndex;
    return candidate.isDefault;
  });
  if (service === undefined) {
    const asked = acsUrl === undefined ? `the index "${acsIndex?.slice(0, 20)}"` : `"${acsUrl.slice(0, 200)}"`;
    throw new IdpError('acs_unknown', {
      detail: `registered are ${acs.map(({ index, url }) => `${index}: ${url}`).join(', ')}; asked for is ${asked}`,
    });
  }
  return { acsUrl: service.url };
};
