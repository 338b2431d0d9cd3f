import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML core, 3.4.1: IsPassive forbids to take over the user interface, which a sign-in page does. */
export const isPassive: Check = ({ request }) => {
  if (request.isPassive) throw new IdpError('is_passive_unsupported', { detail: 'IsPassive is true' });
};
