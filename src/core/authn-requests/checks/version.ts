import { broken, type Check, shown } from '../check.ts';

/** SAML core, 3.2.1: Version is "2.0". */
export const version: Check = ({ request }) => {
  if (request.version !== '2.0') throw broken('saml_version_unsupported', 'Version', '"2.0"', shown(request.version));
};
