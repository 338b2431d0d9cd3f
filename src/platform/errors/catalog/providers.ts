import { type ErrorEntry, startAgain, tellUtility } from './entry.ts';

/** The sign-in at a portal's OpenID Connect provider. */
export const providerErrors = {
  provider_unavailable: {
    status: 503,
    title: 'The sign-in does not answer',
    sentence: 'The sign-in of your utility can’t be reached at the moment. Nothing was lost.',
    remedy: 'Please try again in a few minutes.',
  },
  provider_misconfigured: {
    status: 502,
    title: 'The sign-in is not set up right',
    sentence: 'The sign-in of your utility and this service do not understand each other.',
    remedy: tellUtility,
  },
  provider_answer_refused: {
    status: 502,
    title: 'We can’t accept this sign-in',
    sentence: 'What the sign-in of your utility sent us could not be trusted, so you were not signed in.',
    remedy: startAgain,
  },
  provider_refused: {
    status: 403,
    title: 'You were not signed in',
    sentence: 'The sign-in of your utility ended without telling us who you are. It may have been canceled.',
    remedy: 'Try again, or go back to your utility’s website.',
  },
  provider_sign_in_old: {
    status: 403,
    title: 'You were not asked to sign in again',
    sentence: 'Invoice Cloud asks for a new sign-in, and the sign-in of your utility did not ask you for one.',
    remedy: tellUtility,
  },
  email_unverified: {
    status: 403,
    title: 'Your email address is not confirmed',
    sentence: 'The sign-in of your utility has not confirmed that your email address is yours.',
    remedy: 'Confirm your email address on your utility’s website, then try again.',
  },
  sign_in_disabled: {
    status: 403,
    title: 'You can’t sign in here',
    sentence: 'Your sign-in to this service has been disabled.',
    remedy: tellUtility,
  },
} as const satisfies Record<string, ErrorEntry>;
