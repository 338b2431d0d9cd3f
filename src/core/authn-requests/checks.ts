import type { Check, CheckInput } from './check.ts';
import { assertionConsumerService } from './checks/assertion-consumer-service.ts';
import { destination } from './checks/destination.ts';
import { issueInstant } from './checks/issue-instant.ts';
import { knownServiceProvider } from './checks/known-service-provider.ts';
import { nameIdPolicy } from './checks/name-id-policy.ts';
import { protocolBinding } from './checks/protocol-binding.ts';
import { relayState } from './checks/relay-state.ts';
import { requestId } from './checks/request-id.ts';
import { requestedAuthnContext } from './checks/requested-authn-context.ts';
import { subject } from './checks/subject.ts';
import { version } from './checks/version.ts';

/** The checks of an AuthnRequest by the names that traces show, in the order in which they run. */
type Checks = Readonly<Record<string, Check<never> | Check>>;

/** Until all of these have passed, there is no trusted place to answer to, and a broken rule is reported on a page. */
export const TRUST = {
  'Service Provider is known': knownServiceProvider,
  ID: requestId,
  'Assertion Consumer Service is registered': assertionConsumerService,
  RelayState: relayState,
  IssueInstant: issueInstant,
} as const;

/** A rule broken here is answered to the ACS with its status. */
export const ANSWERED = {
  Version: version,
  Destination: destination,
  ProtocolBinding: protocolBinding,
  NameIDPolicy: nameIdPolicy,
  RequestedAuthnContext: requestedAuthnContext,
  Subject: subject,
} as const;

type Results<List extends Checks> = { [Name in keyof List]: ReturnType<List[Name]> }[keyof List];
type Intersection<Union> = (Union extends unknown ? (part: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What a list of checks settles together. A list that lacks a check lacks that check's part. */
export type SettledBy<List extends Checks> = Intersection<Exclude<Results<List>, void>>;

/**
 * Makes one check of several.
 *
 * @returns runs them in order and puts together what they settle; throws the IdpError of the first broken rule
 */
export function inOrder<List extends Checks>(list: List): (input: CheckInput) => SettledBy<List> {
  const checks = Object.values(list) as readonly ((input: CheckInput) => object | undefined)[];
  return (input) => {
    const settled = {};
    for (const check of checks) Object.assign(settled, check(input));
    return settled as SettledBy<List>;
  };
}
