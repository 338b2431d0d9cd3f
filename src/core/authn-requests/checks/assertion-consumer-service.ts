import { isSameUrl } from '../../../platform/util/web-url.ts';
import { parseUnsignedShort } from '../../../protocols/saml/sp-metadata/unsigned-short.ts';
import { broken, type Check, shown } from '../check.ts';

/**
 * SAML core, 3.4.1: the ACS by URL, by index, or the default; URL and index exclude each other. Profiles, 4.1.4.1: only
 * an ACS known to belong to the Service Provider. No match is an error, never another ACS. The Response goes to the URL as
 * it was registered, even if the request writes it in another way (RFC 3986, 6.2).
 */
export const assertionConsumerService: Check<'acsUrl'> = ({ request, biller }) => {
  const { acs } = biller.serviceProvider;
  const { acsUrl, acsIndex } = request;
  if (acsUrl !== undefined && acsIndex !== undefined) {
    throw broken(
      'acs_unknown',
      'AssertionConsumerService',
      'AssertionConsumerServiceURL or AssertionConsumerServiceIndex, but not both',
      'both',
    );
  }
  const service = acs.find((candidate) => {
    if (acsUrl !== undefined) return isSameUrl(candidate.url, acsUrl);
    if (acsIndex !== undefined) return candidate.index === parseUnsignedShort(acsIndex);
    return candidate.isDefault;
  });
  if (service !== undefined) return { acsUrl: service.url };
  const [what, registered, found] =
    acsUrl === undefined
      ? ['AssertionConsumerServiceIndex', acs.map(({ index }) => `"${index}"`), acsIndex]
      : ['AssertionConsumerServiceURL', acs.map(({ url }) => `"${url}"`), acsUrl];
  throw broken(
    'acs_unknown',
    what as string,
    (registered as string[]).join(' or '),
    shown(found as string | undefined),
  );
};
