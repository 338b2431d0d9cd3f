import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML core, 3.4.1: ForceAuthn asks for a fresh sign-in, which must not be answered out of an old session. */
export const forceAuthn: Check = ({ request }) => {
  if (request.forceAuthn) throw new IdpError('force_authn_unsupported', { detail: 'ForceAuthn is true' });
};
