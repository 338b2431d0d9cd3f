import { IdpError } from '../../platform/errors/idp-error.ts';
import { readAuthnRequest } from '../../protocols/saml/reading/authn-request.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import type { Biller } from '../billers/biller.ts';
import type { AcceptedRequest, AnswerTarget } from './check.ts';
import { knownServiceProvider } from './checks/known-service-provider.ts';
import { verifySignature } from './checks/signature.ts';
import { ANSWERED, inOrder, TRUST } from './checks.ts';
import { RefusedRequest } from './refused-request.ts';

const settleTarget = inOrder(TRUST);
const settleAnswer = inOrder(ANSWERED);

/** Every part is named, also one that may be undefined: the compiler misses the check that is left out. */
type Settled = Required<Omit<AcceptedRequest, 'confirm'>>;

/**
 * Checks a message against every rule. The first broken rule is the one reported. The signature comes right after the
 * Issuer: nothing that it does not cover is read any further.
 *
 * @param now milliseconds since 1970
 * @returns what the answer needs from the request
 * @throws RefusedRequest for the first broken rule once it is known where to answer; IdpError before
 */
export function acceptRequest(message: ReceivedMessage, biller: Biller, now: number): AcceptedRequest {
  const unverified = { request: readAuthnRequest(message.xml), biller, relayState: message.relayState, now };
  knownServiceProvider(unverified);
  const request = verifySignature(message, unverified.request, biller);
  const input = { ...unverified, request };
  const target: Required<AnswerTarget> = settleTarget(input);
  try {
    // SAML core, 3.4.1: ForceAuthn and IsPassive are enforced once it is known who is signed in.
    const { forceAuthn, isPassive } = request;
    return { ...target, ...settleAnswer(input), forceAuthn, isPassive, receivedAt: now } satisfies Settled;
  } catch (error) {
    if (error instanceof IdpError) throw new RefusedRequest(target, error);
    throw error;
  }
}
