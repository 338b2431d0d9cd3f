/** The short names of the SAML status codes (SAML core, 3.2.2.2) that an error can have. */
type SamlStatus =
  | 'VersionMismatch'
  | 'Requester'
  | 'Responder'
  | 'UnsupportedBinding'
  | 'InvalidNameIDPolicy'
  | 'NoAuthnContext'
  | 'NoPassive'
  | 'UnknownPrincipal';

/**
 * Every error this service reports, by its stable code. `docs/errors.md` is generated from this list.
 *
 * `status` is the HTTP status; `title` heads the page; `sentence` says what happened in words for the person who sees
 * it; `remedy` says what to do. None of them may carry a value from the request: what was expected and found is the
 * private `detail` of the IdpError, which goes to the log and the audit.
 *
 * `saml` is the status (SAML core, 3.2.2.2) for the Service Provider. An error that has one is answered to the ACS,
 * once Service Provider and ACS are trusted; every other error is a page.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly saml?: readonly [SamlStatus, SamlStatus?] | undefined;
}

const startAgain = 'Go back to your utility’s website and choose “Pay my bill” again.';
const tellUtility = 'Please tell your utility, and give them the reference below.';

export const errorCatalog = {
  // What the request asked for
  biller_unknown: {
    status: 404,
    title: 'We don’t know this address',
    sentence: 'No biller is registered under this address.',
    remedy: 'Check the link, or ask your utility for the right one.',
  },
  page_not_found: {
    status: 404,
    title: 'Page not found',
    sentence: 'There is no page at this address.',
    remedy: 'Check the link, or go back to your utility’s website.',
  },
  request_too_large: {
    status: 413,
    title: 'The sign-on request is too large',
    sentence: 'The request is larger than this service accepts.',
    remedy: tellUtility,
  },
  headers_too_large: {
    status: 431,
    title: 'The address or the cookies are too large',
    sentence: 'The address of the page and what the browser sends with it are larger than this service accepts.',
    remedy: 'Delete the cookies of this site and try again, or tell your utility.',
  },
  request_too_slow: {
    status: 408,
    title: 'The request took too long',
    sentence: 'The request did not arrive completely in time.',
    remedy: 'Check your connection and try again.',
  },
  request_malformed: {
    status: 400,
    title: 'This is not a request that we can read',
    sentence: 'What arrived here does not follow the rules of HTTP.',
    remedy: tellUtility,
  },
  content_type_unsupported: {
    status: 415,
    title: 'The request was sent in a way that is not read here',
    sentence: 'Only forms are taken here, sent as application/x-www-form-urlencoded.',
    remedy: tellUtility,
  },
  parameter_invalid: {
    status: 400,
    title: 'The link is not complete',
    sentence: 'A part of the address is missing, repeated or not valid.',
    remedy: startAgain,
  },
  // Decoding of SAML messages (SAML bindings, 3.4 and 3.5)
  saml_request_missing: {
    status: 400,
    title: 'There is no sign-on request here',
    sentence: 'This address expects a sign-on request from Invoice Cloud, and none came.',
    remedy: startAgain,
  },
  saml_request_malformed: {
    status: 400,
    title: 'We can’t read the sign-on request',
    sentence: 'Invoice Cloud sent a sign-on request that can’t be read.',
    remedy: tellUtility,
  },
  saml_request_too_large: {
    status: 400,
    title: 'The sign-on request is too large',
    sentence: 'The sign-on request is larger than this service accepts.',
    remedy: tellUtility,
  },
  saml_request_forbidden_xml: {
    status: 400,
    title: 'We can’t accept the sign-on request',
    sentence:
      'The sign-on request has what no sign-on request needs: a document type, an instruction, a comment, or far too many or too deeply nested parts.',
    remedy: tellUtility,
  },
  saml_message_unsupported: {
    status: 400,
    title: 'This is not a sign-on request',
    sentence: 'A SAML message of another kind came where a sign-on request was expected.',
    remedy: tellUtility,
  },
  // The checks of an AuthnRequest (SAML core, 3.2.1 and 3.4.1)
  saml_version_unsupported: {
    status: 400,
    title: 'The sign-on request has the wrong version',
    sentence: 'Only SAML 2.0 is spoken here.',
    remedy: tellUtility,
    saml: ['VersionMismatch'],
  },
  request_id_invalid: {
    status: 400,
    title: 'The sign-on request has no valid ID',
    sentence: 'The ID of the sign-on request is missing or not allowed.',
    remedy: tellUtility,
  },
  issue_instant_invalid: {
    status: 400,
    title: 'The sign-on request has no valid time',
    sentence: 'The time of the sign-on request is missing or not in UTC.',
    remedy: tellUtility,
  },
  request_stale: {
    status: 400,
    title: 'This sign-on request is too old',
    sentence: 'The sign-on request was made too long ago, or in the future.',
    remedy: startAgain,
  },
  issuer_unknown: {
    status: 400,
    title: 'We don’t know who asks',
    sentence: 'The sign-on request comes from a service that is not registered for this biller.',
    remedy: tellUtility,
  },
  destination_wrong: {
    status: 400,
    title: 'The sign-on request is for someone else',
    sentence: 'The sign-on request does not name this address as its destination.',
    remedy: tellUtility,
    saml: ['Requester'],
  },
  acs_unknown: {
    status: 400,
    title: 'The answer has nowhere to go',
    sentence: 'The sign-on request asks for an answer to an address that is not registered for this biller.',
    remedy: tellUtility,
  },
  protocol_binding_unsupported: {
    status: 400,
    title: 'The sign-on request asks for an unsupported binding',
    sentence: 'Answers are delivered by HTTP-POST only.',
    remedy: tellUtility,
    saml: ['Requester', 'UnsupportedBinding'],
  },
  signature_missing: {
    status: 400,
    title: 'The sign-on request is not signed',
    sentence: 'This biller accepts only sign-on requests that Invoice Cloud has signed, and this one is not.',
    remedy: tellUtility,
  },
  signature_invalid: {
    status: 400,
    title: 'The signature of the sign-on request is not valid',
    sentence: 'The sign-on request was changed on the way, or was not signed by Invoice Cloud.',
    remedy: tellUtility,
  },
  signature_algorithm_refused: {
    status: 400,
    title: 'The signature of the sign-on request is too weak',
    sentence: 'The sign-on request is signed in a way that is not safe enough, or not known here.',
    remedy: tellUtility,
  },
  name_id_policy_unsupported: {
    status: 400,
    title: 'The name format asked for is not available',
    sentence: 'The sign-on request asks for a kind of name identifier that is not agreed for this biller.',
    remedy: tellUtility,
    saml: ['Requester', 'InvalidNameIDPolicy'],
  },
  authn_context_unsupported: {
    status: 400,
    title: 'The way of signing in asked for is not available',
    sentence: 'The sign-on request asks for a way of signing in that this service can’t offer.',
    remedy: tellUtility,
    saml: ['Responder', 'NoAuthnContext'],
  },
  no_passive: {
    status: 400,
    title: 'You would have to sign in first',
    sentence: 'The sign-on request forbids any page on the way, and one is needed.',
    remedy: startAgain,
    saml: ['Responder', 'NoPassive'],
  },
  unknown_principal: {
    status: 403,
    title: 'Somebody else was asked for',
    sentence: 'The sign-on request names another person than the one who is signed in.',
    remedy: 'Sign out, and sign in as the person that Invoice Cloud asks for.',
    saml: ['Requester', 'UnknownPrincipal'],
  },
  relay_state_invalid: {
    status: 400,
    title: 'The sign-on request carries too much',
    sentence: 'The RelayState of the sign-on request is too long or has characters that can’t be returned unchanged.',
    remedy: tellUtility,
  },
  // The flow in the browser
  flow_unknown: {
    status: 400,
    title: 'This sign-on is over',
    sentence: 'The sign-on took too long, was started in another browser, or cookies are blocked.',
    remedy: startAgain,
  },
  request_replayed: {
    status: 400,
    title: 'This sign-on has already been used',
    sentence: 'You were already taken to Invoice Cloud with this request. It works once only.',
    remedy: startAgain,
  },
  framed: {
    status: 400,
    title: 'Please open this page in its own window',
    sentence: 'For your security, signing on inside another page is not possible here.',
    remedy: 'Use the link below to continue in a new window.',
  },
  cross_site: {
    status: 403,
    title: 'This came from another website',
    sentence: 'The form was sent by another website, so nothing was done.',
    remedy: startAgain,
  },
  // One-time metadata, by which a new signing key becomes active
  one_time_metadata_over: {
    status: 410,
    title: 'This metadata URL is over',
    sentence: 'The one-time metadata URL is not known, has expired, or its key is no longer waiting.',
    remedy: 'Ask the biller’s security team for a new one. The ordinary metadata URL works as before.',
  },
  one_time_metadata_refused: {
    status: 403,
    title: 'This metadata URL is not for you to open',
    sentence:
      'The first fetch of this address makes a new certificate active, so only Invoice Cloud’s system may fetch it.',
    remedy: 'Paste the address into Invoice Cloud’s form, and do not open it. Nothing was changed.',
  },
  // People
  sign_in_failed: {
    status: 401,
    title: 'Sign-in failed',
    sentence: 'The email address or the password is not right.',
    remedy: 'Check both and try again.',
  },
  sign_in_throttled: {
    status: 429,
    title: 'Too many attempts',
    sentence: 'There were too many attempts to sign in.',
    remedy: 'Wait a while, then try again.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    sentence: 'More requests came from your network than we take in a short time.',
    remedy: 'Wait a minute, then try again.',
  },
  client_gone: {
    status: 400,
    title: 'The connection ended',
    sentence: 'The connection ended before the answer was ready.',
    remedy: startAgain,
  },
  account_forbidden: {
    status: 403,
    title: 'This account is not yours',
    sentence: 'The account that was asked for does not belong to you.',
    remedy: 'Go back to your utility’s website and choose one of your own accounts.',
  },
  account_missing: {
    status: 403,
    title: 'You have no account here',
    sentence: 'No account is linked to your sign-in, so there is no bill to show.',
    remedy: tellUtility,
  },
  claim_missing: {
    status: 403,
    title: 'Something about you is missing',
    sentence: 'Invoice Cloud requires a piece of information that is not recorded for you.',
    remedy: tellUtility,
  },
  claim_invalid: {
    status: 403,
    title: 'Something about you can’t be sent',
    sentence: 'A piece of information recorded for you contains characters that can’t be sent to Invoice Cloud.',
    remedy: tellUtility,
  },
  // This installation
  signing_key_unavailable: {
    status: 503,
    title: 'Sign-on is not possible now',
    sentence: 'This biller has no usable signing key.',
    remedy: 'Please try again later, or tell your utility and give them the reference below.',
  },
  service_unavailable: {
    status: 503,
    title: 'We can’t sign you on right now',
    sentence: 'A part of this service is not available for the moment. Nothing was lost.',
    remedy: 'Please try again in a minute.',
  },
  service_busy: {
    status: 503,
    title: 'Too many people at once',
    sentence: 'More requests are waiting than we can answer in a short time.',
    remedy: 'Please try again in a few seconds.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    sentence: 'The sign-on could not be finished because of an error in this service.',
    remedy: 'Please try again. If it happens again, tell your utility and give them the reference below.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** The stable code of an error: part of the public interface, never renamed. */
export type ErrorCode = keyof typeof errorCatalog;
