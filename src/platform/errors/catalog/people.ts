import { type ErrorEntry, tellUtility } from './entry.ts';

/** What a portal user does or lacks. */
export const peopleErrors = {
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
    remedy: 'Try again in 15 minutes.',
  },
  password_unfit: {
    status: 422,
    title: 'Choose another password',
    sentence: 'This password can’t be used.',
    remedy: 'Choose one with at least 8 characters.',
  },
  password_link_over: {
    status: 410,
    title: 'This link does not work any more',
    sentence:
      'A link to set a new password works once and for a limited time. This one was used or replaced, or it is too old.',
    remedy: 'If you still need a new password, ask your utility for a new link.',
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
} as const satisfies Record<string, ErrorEntry>;
