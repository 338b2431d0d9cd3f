import type { FastifyRequest } from 'fastify';

/** Headers that browsers add, and programs that fetch metadata don't. */
const OF_BROWSERS = [
  'sec-fetch-site',
  'sec-fetch-dest',
  'sec-fetch-user',
  'sec-ch-ua',
  'upgrade-insecure-requests',
  'origin',
  'referer',
  'cookie',
  // A prefetch, a prerendering, or the preview of a mail program or a new tab.
  'sec-purpose',
  'purpose',
  'x-purpose',
  'x-moz',
];

/**
 * Whether a person opened the URL in a browser, to look at it. Everything else gets the document, also a browser that does
 * not say so: a program must never get a page by mistake.
 */
export function isOpenedByPerson({ headers }: FastifyRequest): boolean {
  return (
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    /\btext\/html\b/.test(headers.accept ?? '')
  );
}

/**
 * Finds out whether a browser sent a request: because a person opened the URL, or because a page or the browser itself
 * loads it (a prefetch, an image, a frame, a script).
 *
 * @returns the header that says so; undefined if none does
 */
export function browserHeaderOf({ headers }: FastifyRequest): string | undefined {
  const mode = headers['sec-fetch-mode'];
  // Node's fetch says `cors`, and nothing else of this.
  if (mode !== undefined && mode !== 'cors') return 'sec-fetch-mode';
  return OF_BROWSERS.find((name) => headers[name] !== undefined);
}
