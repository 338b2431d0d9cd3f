import type { CheckResult } from '../../diagnostics/traces/trace.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { type AuthnRequest, readAuthnRequest } from '../../protocols/saml/reading/authn-request.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import type { Biller } from '../billers/biller.ts';
import type { AcceptedRequest, AnswerTarget, Check, CheckInput } from './check.ts';
import { assertionConsumerService } from './checks/assertion-consumer-service.ts';
import { destination } from './checks/destination.ts';
import { interaction } from './checks/interaction.ts';
import { issueInstant } from './checks/issue-instant.ts';
import { knownServiceProvider } from './checks/known-service-provider.ts';
import { nameIdPolicy } from './checks/name-id-policy.ts';
import { protocolBinding } from './checks/protocol-binding.ts';
import { relayState } from './checks/relay-state.ts';
import { requestId } from './checks/request-id.ts';
import { requestedAuthnContext } from './checks/requested-authn-context.ts';
import { verifySignature } from './checks/signature.ts';
import { subject } from './checks/subject.ts';
import { version } from './checks/version.ts';
import { RefusedRequest } from './refused-request.ts';

type NamedCheck = readonly [name: string, check: Check];

/**
 * Every AuthnRequest passes these, in this order; the first rule that is broken is the one that is told. The signature
 * comes after the first of them: what it does not cover is not read any further.
 *
 * Until these have passed, there is nobody to answer to, and a broken rule is told on a page.
 */
const TRUST: readonly NamedCheck[] = [
  ['Service Provider is known', knownServiceProvider],
  ['ID', requestId],
  ['Assertion Consumer Service is registered', assertionConsumerService],
  ['RelayState', relayState],
  ['IssueInstant', issueInstant],
];
/** From here on a broken rule is answered to the ACS with its status. */
const ANSWERED: readonly NamedCheck[] = [
  ['Version', version],
  ['Destination', destination],
  ['ProtocolBinding', protocolBinding],
  ['NameIDPolicy', nameIdPolicy],
  ['RequestedAuthnContext', requestedAuthnContext],
  ['Subject', subject],
  ['ForceAuthn and IsPassive', interaction],
];

function run(checks: readonly NamedCheck[], input: CheckInput): Partial<AcceptedRequest> {
  const settled: Partial<AcceptedRequest> = {};
  for (const [, check] of checks) Object.assign(settled, check(input));
  return settled;
}

/**
 * Passes a message through all checks.
 *
 * @param now milliseconds since 1970
 * @returns what the answer needs of the request
 * @throws RefusedRequest of the first broken rule, once it is known where to answer; IdpError before
 */
export function acceptRequest(message: ReceivedMessage, biller: Biller, now: number): AcceptedRequest {
  const unverified = { request: readAuthnRequest(message.xml), biller, relayState: message.relayState, now };
  knownServiceProvider(unverified);
  const input = { ...unverified, request: verifySignature(message, unverified.request, biller) };
  const target = run(TRUST, input) as AnswerTarget;
  try {
    return { ...target, ...run(ANSWERED, input) } as AcceptedRequest;
  } catch (error) {
    if (error instanceof IdpError) throw new RefusedRequest(target, error);
    throw error;
  }
}

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

/** Runs every check that can be run, past the ones that fail. Reads the same list, and sees the same, as acceptRequest. */
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
  const [first, ...rest] = [...TRUST, ...ANSWERED].map(([name, check]) => attempt(name, () => check(input)));
  return [readable, first as CheckResult, signature, ...rest];
}
