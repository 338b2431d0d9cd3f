import { BINDING_POST } from '../../../protocols/saml/names.ts';
import { broken, type Check, shown } from '../check.ts';

/** SAML core, 3.4.1 and profiles, 4.1.2: the Response goes by HTTP-POST; it must not go by HTTP-Redirect. */
export const protocolBinding: Check = ({ request }) => {
  if (request.protocolBinding === undefined || request.protocolBinding === BINDING_POST) return;
  throw broken(
    'protocol_binding_unsupported',
    'ProtocolBinding',
    `"${BINDING_POST}" or none`,
    shown(request.protocolBinding),
  );
};
