import { assertionConsumerService } from './assertion-consumer-service.ts';
import type { AcceptedRequest, Check, CheckInput } from './check.ts';
import { destination } from './destination.ts';
import { forceAuthn } from './force-authn.ts';
import { isPassive } from './is-passive.ts';
import { issueInstant } from './issue-instant.ts';
import { knownServiceProvider } from './known-service-provider.ts';
import { nameIdPolicy } from './name-id-policy.ts';
import { protocolBinding } from './protocol-binding.ts';
import { relayState } from './relay-state.ts';
import { requestId } from './request-id.ts';
import { requestedAuthnContext } from './requested-authn-context.ts';
import { signature } from './signature.ts';
import { subject } from './subject.ts';
import { version } from './version.ts';

/** Every AuthnRequest passes these, in this order. The first rule that is broken is the one that is told. */
const CHECKS: readonly Check[] = [
  knownServiceProvider,
  version,
  requestId,
  destination,
  issueInstant,
  signature,
  protocolBinding,
  assertionConsumerService,
  relayState,
  nameIdPolicy,
  requestedAuthnContext,
  forceAuthn,
  isPassive,
  subject,
];

/** Passes a request through all checks. @returns what the answer needs of it @throws IdpError of the first broken rule */
export function acceptRequest(input: CheckInput): AcceptedRequest {
  let accepted: Partial<AcceptedRequest> = {};
  for (const check of CHECKS) accepted = { ...accepted, ...check(input) };
  return accepted as AcceptedRequest;
}
