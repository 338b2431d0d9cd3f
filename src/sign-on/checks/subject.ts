import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** SAML core, 3.4.1.4: a Subject demands that this very person be signed on. */
export const subject: Check = ({ request }) => {
  if (request.hasSubject) throw new IdpError('subject_unsupported', { detail: 'the request has a Subject' });
};
