import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML core, 3.2.1: Version is "2.0". */
export const version: Check = ({ request }) => {
  if (request.version !== '2.0') {
    throw new IdpError('saml_version_unsupported', { detail: `Version must be "2.0", it is "${request.version}"` });
  }
};
