import type { ErrorEntry } from './entry.ts';

/** What fails in this service. */
export const serviceErrors = {
  signing_key_unavailable: {
    status: 503,
    title: 'Sign-on is not possible now',
    sentence: 'The sign-on of your utility is not usable at the moment.',
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
