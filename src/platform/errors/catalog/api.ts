import type { ErrorEntry } from './entry.ts';

/** What is wrong with a call of the API: words for the developer of a portal. */
export const apiErrors = {
  api_key_refused: {
    status: 401,
    title: 'No valid API key',
    sentence: 'The request has no API key that is valid now.',
    remedy:
      'Send one in the header Authorization, after the word Bearer. Whoever runs this service makes and lists keys with `ic-idp api-key`.',
  },
  json_required: {
    status: 415,
    title: 'The body is not JSON',
    sentence: 'The API takes bodies of one type only.',
    remedy: 'Send JSON, with the Content-Type application/json.',
  },
  json_unreadable: {
    status: 422,
    title: 'The body can’t be read',
    sentence: 'The body is no JSON.',
    remedy: 'It must be one JSON value in UTF-8.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    sentence: 'The body is larger than the API takes.',
    remedy: 'A body must have at most 2 MiB.',
  },
  field_invalid: {
    status: 422,
    title: 'A field is not valid',
    sentence: 'A field is missing, not known or not valid.',
    remedy: 'The problem names it, and says what is accepted.',
  },
  route_unknown: {
    status: 404,
    title: 'There is no such call',
    sentence: 'The API has no call with this method and path.',
    remedy: 'See /api/docs for all.',
  },
  account_not_listed: {
    status: 422,
    title: 'The account is not one of the user’s',
    sentence: 'A launch is for one of the accounts that it lists.',
    remedy: 'List all accounts of the user, and name one of them.',
  },
  url_not_registered: {
    status: 422,
    title: 'The origin of a URL is not registered',
    sentence: 'People are sent to registered pages of the portal only.',
    remedy: 'Whoever runs this service registers further pages of the portal.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another call',
    sentence: 'Another call, or the same with another body, came with this Idempotency-Key within 24 hours.',
    remedy: 'Take a fresh one for each thing that you want done.',
  },
  idempotency_conflict: {
    status: 409,
    title: 'The same call is being worked on',
    sentence: 'A call with this Idempotency-Key has not been answered yet.',
    remedy: 'Send it again in a moment: you get the same answer.',
  },
  user_unknown: {
    status: 404,
    title: 'There is no such user',
    sentence: 'You gave no user with this ID, or removed them.',
    remedy: 'Give the user with PUT, or with a launch.',
  },
} as const satisfies Record<string, ErrorEntry>;
