import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import type { ErrorCode } from '../../platform/errors/catalog.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { maskEmails } from '../../platform/util/mask.ts';
import { AnswerTooLong } from './bounded-fetch.ts';

/** Errors by which a provider says that it would have to ask the person something (OpenID Connect Core, 3.1.2.6). */
const WANTS_PERSON = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];
/** Errors that pass by themselves (RFC 6749, 4.1.2.1). */
const PASSING = ['server_error', 'temporarily_unavailable'];
/** Codes of the library for answers that can't be trusted, and what they mean. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'the ID token is too old or not valid yet: compare the clocks of both sides',
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'a claim of the ID token is not what it must be',
  OAUTH_INVALID_RESPONSE: 'the answer breaks a rule of the protocol',
  OAUTH_PARSE_ERROR: 'the answer can’t be read',
  OAUTH_KEY_SELECTION_FAILED: 'no published key fits the signature',
  OAUTH_UNSUPPORTED_OPERATION: 'the answer needs an algorithm that is not accepted',
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: 'the issuer of the answer is another one',
};
const RETRY_AFTER_SECONDS = 60;

/** @returns whether the provider could not answer without showing something to the person */
export const wantsPerson = ({ cause }: IdpError): boolean =>
  cause instanceof AuthorizationResponseError && WANTS_PERSON.includes(cause.error);

/** @returns text of the provider, fit for the log */
const said = (text: string | undefined) => (text === undefined ? '' : `: ${maskEmails(text)}`);

const unavailable = (detail: string, cause?: unknown) =>
  new IdpError('provider_unavailable', { detail, cause, retryAfter: RETRY_AFTER_SECONDS });

/** The HTTP answer that an error of the library is about. */
function answerOf({ cause }: Error): Response | undefined {
  return cause instanceof Response ? cause : undefined;
}

function ofClientError(error: ClientError, what: string): IdpError {
  const { code = 'unknown', cause } = error;
  if (code === 'OAUTH_TIMEOUT') return unavailable(`${what}: the provider did not answer in time`);
  const answer = answerOf(error);
  if (answer !== undefined) {
    const { status } = answer;
    const detail = `${what}: the provider answered ${status} ${answer.headers.get('content-type') ?? 'without a type'}`;
    return status >= 500 || status === 429 ? unavailable(detail) : new IdpError('provider_misconfigured', { detail });
  }
  // Errors of the network and of our own limits come wrapped as well.
  if (code === 'unknown' && cause instanceof Error) return providerError(cause, what);
  const claim = ((cause as Error | undefined)?.cause as { claim?: unknown; attribute?: unknown } | undefined) ?? {};
  const name = typeof claim.claim === 'string' ? ` (${claim.claim})` : '';
  const meaning = UNTRUSTED[code];
  if (meaning === undefined)
    return new IdpError('provider_misconfigured', { detail: `${what}: ${error.message}`, cause });
  const because = cause instanceof Error ? `; ${cause.message}` : '';
  return new IdpError('provider_answer_refused', { detail: `${what}: ${meaning}${name}${because}`, cause });
}

/** The errors of RFC 6749, 4.1.2.1 and 5.2. */
function ofProtocol(error: string, description: string | undefined, what: string, cause?: unknown): IdpError {
  const detail = `${what}: the provider says ${maskEmails(error)}${said(description)}`;
  const code: ErrorCode =
    error === 'access_denied' || WANTS_PERSON.includes(error)
      ? 'provider_refused'
      : error === 'invalid_grant'
        ? 'provider_answer_refused'
        : 'provider_misconfigured';
  return PASSING.includes(error) ? unavailable(detail, cause) : new IdpError(code, { detail, cause });
}

/**
 * Says what went wrong at a provider: it is away, it or we are set up wrong, its answer can't be trusted, or it refused.
 *
 * @param what was being done, for the log
 */
export function providerError(error: unknown, what: string): IdpError {
  if (error instanceof IdpError) return error;
  if (error instanceof AuthorizationResponseError) return ofProtocol(error.error, error.error_description, what, error);
  if (error instanceof ResponseBodyError) {
    if (error.status >= 500 || error.status === 429)
      return unavailable(`${what}: the provider answered ${error.status}`);
    return ofProtocol(error.error, error.error_description, what);
  }
  if (error instanceof ClientError) return ofClientError(error, what);
  if (error instanceof AnswerTooLong)
    return new IdpError('provider_misconfigured', { detail: `${what}: ${error.message}` });
  if (error instanceof Error && error.name === 'TimeoutError') {
    return unavailable(`${what}: the provider did not answer in time`);
  }
  const { cause, message } = error as Error;
  const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
  return unavailable(`${what}: ${reason}`, error);
}
