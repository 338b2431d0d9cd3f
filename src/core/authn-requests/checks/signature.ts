import { type AuthnRequest, readAuthnRequest } from '../../../protocols/saml/reading/authn-request.ts';
import type { ReceivedMessage } from '../../../protocols/saml/reading/decode.ts';
import { verifyPostSignature } from '../../../protocols/saml/signatures/verify-post-signature.ts';
import { verifyRedirectSignature } from '../../../protocols/saml/signatures/verify-redirect-signature.ts';
import { type Biller, requiresSignature } from '../../billers/biller.ts';
import { broken } from '../check.ts';

/**
 * Verifies every signature that came: beside the message (SAML bindings, 3.4.4.1), inside it (SAML core, 5), or both. A
 * signature that does not verify is an error even if none is required: its sender relies on it.
 *
 * @returns the request to go on with; with a signature inside, it is read from the bytes that the signature covers
 * @throws IdpError signature_missing, signature_invalid, signature_algorithm_refused, saml_request_too_large
 */
export function verifySignature(message: ReceivedMessage, request: AuthnRequest, biller: Biller): AuthnRequest {
  const { signingCertificates } = biller.serviceProvider;
  const { signedQuery } = message;
  if (signedQuery !== undefined) verifyRedirectSignature(signedQuery, signingCertificates);
  if (request.signed) {
    // The signature itself is outside what it covers, so the verified text no longer has one.
    return { ...readAuthnRequest(verifyPostSignature(message.xml, signingCertificates)), signed: true };
  }
  if (signedQuery !== undefined) return { ...request, signed: true };
  if (message.misplacedSignature) {
    const expected = 'the signature inside the message, as HTTP-POST has it';
    const found = 'one beside it: have the Service Provider put it inside, or send by HTTP-Redirect';
    throw broken('signature_invalid', 'Signature', expected, found);
  }
  if (requiresSignature(biller)) throw broken('signature_missing', 'Signature', 'a signed request', 'none');
  return request;
}
