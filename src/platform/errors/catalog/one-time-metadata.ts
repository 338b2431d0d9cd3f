import type { ErrorEntry } from './entry.ts';

/** One-time metadata, by which a new signing key becomes active. */
export const oneTimeMetadataErrors = {
  one_time_metadata_over: {
    status: 410,
    title: 'This metadata URL has expired',
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
} as const satisfies Record<string, ErrorEntry>;
