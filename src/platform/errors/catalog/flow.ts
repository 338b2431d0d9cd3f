import { type ErrorEntry, startAgain } from './entry.ts';

/** The flow in the browser. */
export const flowErrors = {
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
} as const satisfies Record<string, ErrorEntry>;
