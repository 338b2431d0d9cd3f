import type { ErrorCode } from '../../platform/errors/catalog.ts';
import { escapeControls } from '../../platform/errors/escape-controls.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { maskEmails } from '../../platform/util/mask.ts';
import type { NameIdFormat } from '../../protocols/saml/names.ts';
import type {
  AuthnRequest,
  RequestedAuthnContext,
  RequestedSubject,
} from '../../protocols/saml/reading/authn-request.ts';
import type { Biller } from '../billers/biller.ts';

/** Where an answer goes: settled as soon as Service Provider and ACS are trusted. */
export interface AnswerTarget {
  /** Undefined for an unsolicited sign-on. */
  readonly requestId?: string | undefined;
  readonly acsUrl: string;
  readonly relayState?: string | undefined;
}

/** A request that passed the checks: what the answer needs from it. Kept as JSON while the portal user signs in. */
export interface AcceptedRequest extends AnswerTarget {
  readonly nameIdFormat: NameIdFormat;
  /** What a sign-in at this biller gives, as far as that is known before it. */
  readonly authnContextClassRef: string;
  readonly requestedAuthnContext?: RequestedAuthnContext | undefined;
  readonly forceAuthn: boolean;
  readonly isPassive: boolean;
  /** The person who must be the one signing on. */
  readonly subject?: RequestedSubject | undefined;
  /** Milliseconds since 1970: a fresh sign-in is one after this. */
  readonly receivedAt: number;
  /** The portal user must confirm, because it is not known who sent the browser here. */
  readonly confirm?: boolean;
}

/** What a check looks at. */
export interface CheckInput {
  readonly request: AuthnRequest;
  readonly biller: Biller;
  readonly relayState: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Enforces one rule. Its type says which parts of the accepted request it settles; without one it settles nothing.
 *
 * @throws IdpError if the rule is broken
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a check that settles nothing returns nothing
export type Check<Settled extends keyof AcceptedRequest | void = void> = (
  input: CheckInput,
) => Settled extends keyof AcceptedRequest ? Required<Pick<AcceptedRequest, Settled>> : void;

const MAX_SHOWN = 200;

/**
 * A value of the request as it may appear in a detail, which goes to the log, the audit and the trace: quoted,
 * truncated, on one line, without email addresses; `none` if it is missing.
 */
export function shown(value: string | undefined): string {
  if (value === undefined) return 'none';
  return `"${escapeControls(maskEmails(value), MAX_SHOWN)}"`;
}

/** The error of a broken rule. @param what the part of the request @param expected in words @param found in words */
export function broken(code: ErrorCode, what: string, expected: string, found: string): IdpError {
  return new IdpError(code, {
    detail: `${what}: expected ${expected}; found ${found}`,
    mismatch: { what, expected, found },
  });
}
