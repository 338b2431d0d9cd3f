import { type ErrorEntry, startAgain } from './entry.ts';

/** The flow in the browser. */
export const flowErrors = {
  flow_unknown: {
    status: 400,
    title: 'This sign-on is over',
    sentence: 'The sign-on took too long, was started in another browser, or cookies are blocked.',
    remedy: startAgain,
  },
  flow_answered: {
    status: 409,
    title: 'You were taken to Invoice Cloud already',
    sentence: 'This page was used before to take you to Invoice Cloud. It works once only.',
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
    title: 'Continue in a new window',
    sentence: 'To keep your sign-in safe, the next step opens in a window of its own.',
    remedy: 'Your browser may ask whether to allow that.',
  },
  launch_used: {
    status: 410,
    title: 'This link has been used',
    sentence: 'A link to Invoice Cloud works once only, and this one has taken somebody there already.',
    remedy: startAgain,
  },
  launch_expired: {
    status: 410,
    title: 'This link is too old',
    sentence: 'A link to Invoice Cloud works for a minute only.',
    remedy: startAgain,
  },
  launch_unknown: {
    status: 404,
    title: 'This link does not work',
    sentence: 'It is not complete, or it is more than a day old.',
    remedy: startAgain,
  },
  preview_refused: {
    status: 403,
    title: 'This link is for one person',
    sentence: 'It takes somebody to their bill, so there is no preview of it.',
    remedy: 'Open it in a browser.',
  },
  cross_site: {
    status: 403,
    title: 'This came from another website',
    sentence: 'The form was sent by another website, so nothing was done.',
    remedy: startAgain,
  },
} as const satisfies Record<string, ErrorEntry>;
