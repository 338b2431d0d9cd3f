import { IdpError } from '../../errors/idp-error.ts';
import { BINDING_POST } from '../../saml/names.ts';
import type { Check } from './check.ts';

/** SAML core, 3.4.1 and profiles, 4.1.2: the Response goes by HTTP-POST; it must not go by HTTP-Redirect. */
export const protocolBinding: Check = ({ request }) => {
  if (request.protocolBinding === undefined || request.protocolBinding === BINDING_POST) return;
  throw new IdpError('protocol_binding_unsupported', {
    detail: `ProtocolBinding must be ${BINDING_POST}, it is "${request.protocolBinding.slice(0, 200)}"`,
  });
};
