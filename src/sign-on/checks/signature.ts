import { IdpError } from '../../errors/idp-error.ts';
import type { Check } from './check.ts';

/** A signature that is not verified must not be passed over: the sender believes that it protects the request. */
export const signature: Check = ({ request, detachedSignature }) => {
  if (request.signed || detachedSignature) {
    throw new IdpError('signature_unsupported', { detail: 'the request is signed' });
  }
};
