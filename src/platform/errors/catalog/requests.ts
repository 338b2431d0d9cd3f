import { type ErrorEntry, startAgain, tellUtility } from './entry.ts';

/** What is wrong with a request before it is read as an AuthnRequest, and the decoding of SAML messages (SAML bindings, 3.4 and 3.5). */
export const requestErrors = {
  biller_unknown: {
    status: 404,
    title: 'We don’t know this address',
    sentence: 'No utility has its sign-on at this address.',
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
  client_gone: {
    status: 400,
    title: 'The connection ended',
    sentence: 'The connection ended before the answer was ready.',
    remedy: startAgain,
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    sentence: 'More requests came from your network than we take in a short time.',
    remedy: 'Wait a minute, then try again.',
  },
  content_type_unsupported: {
    status: 415,
    title: 'We can’t read what was sent',
    sentence: 'What was sent is not a form of a web page.',
    remedy: tellUtility,
  },
  parameter_invalid: {
    status: 400,
    title: 'The link is not complete',
    sentence: 'A part of the address is missing, repeated or not valid.',
    remedy: startAgain,
  },
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
} as const satisfies Record<string, ErrorEntry>;
