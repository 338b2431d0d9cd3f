import { verifySignature } from '../../core/authn-requests/checks/signature.ts';
import { ANSWERED, TRUST } from '../../core/authn-requests/checks.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { type AuthnRequest, readAuthnRequest } from '../../protocols/saml/reading/authn-request.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import type { CheckResult } from '../traces/trace.ts';

function attempt(check: string, run: () => unknown): CheckResult {
  try {
    run();
    return { check, passed: true };
  } catch (error) {
    if (!(error instanceof IdpError)) throw error;
    const { expected, found } = error.mismatch ?? { expected: undefined, found: error.detail };
    return { check, passed: false, code: error.code, expected, found };
  }
}

/**
 * Runs every check that can be run, also after one has failed. It runs the same list on the same input as acceptRequest.
 *
 * @param now milliseconds since 1970
 * @returns how each check went, in order
 */
export function explainRequest(message: ReceivedMessage, biller: Biller, now: number): CheckResult[] {
  let request: AuthnRequest | undefined;
  const readable = attempt('Message is an AuthnRequest', () => {
    request = readAuthnRequest(message.xml);
  });
  if (request === undefined) return [readable];
  const asItCame = request;
  let verified: AuthnRequest | undefined;
  const signature = attempt('Signature', () => {
    verified = verifySignature(message, asItCame, biller);
  });
  const seen = verified ?? { ...asItCame, signed: asItCame.signed || message.signedQuery !== undefined };
  const input = { request: seen, biller, relayState: message.relayState, now };
  const [first, ...rest] = Object.entries({ ...TRUST, ...ANSWERED }).map(([name, check]) =>
    attempt(name, () => check(input)),
  );
  return [readable, ...(first === undefined ? [] : [first]), signature, ...rest];
}
