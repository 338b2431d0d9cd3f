import type { Biller } from '../../billers/biller.ts';
import type { AuthnRequest } from '../../saml/authn-request.ts';
import type { NameIdFormat } from '../../saml/names.ts';

/** A request that passed the checks: what the answer needs of it. Kept as JSON while the portal user signs in. */
export interface AcceptedRequest {
  readonly requestId: string;
  readonly acsUrl: string;
  readonly nameIdFormat: NameIdFormat;
  readonly authnContextClassRef: string;
  readonly relayState: string | undefined;
}

/** What a check looks at. */
export interface CheckInput {
  readonly request: AuthnRequest;
  readonly biller: Biller;
  readonly relayState: string | undefined;
  /** A signature came beside the message, not in it. */
  readonly detachedSignature: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Keeps one rule. @returns what it settled for the answer, if anything @throws IdpError where the rule is broken */
// biome-ignore lint/suspicious/noConfusingVoidType: a check that settles nothing returns nothing
export type Check = (input: CheckInput) => Partial<AcceptedRequest> | void;
