import type { FastifyRequest } from 'fastify';
import { IdpError } from '../../errors/idp-error.ts';

/**
 * Refuses a form that another website sent (cross-site request forgery). Every browser says where a POST comes from, by
 * Sec-Fetch-Site or at least by Origin; a client that sends neither is not a browser and has no user's cookies.
 *
 * @throws IdpError cross_site
 */
export function requireSameOrigin(request: FastifyRequest, publicUrl: string): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  if (site === undefined ? origin === undefined || origin === publicUrl : site === 'same-origin') return;
  throw new IdpError('cross_site', { detail: `the form came from ${site ?? origin}` });
}

/** @returns whether the document is loaded into a frame; false if the browser does not say */
export function isFramed(request: FastifyRequest): boolean {
  const destination = request.headers['sec-fetch-dest'];
  return (
    destination !== undefined && ['iframe', 'frame', 'embed', 'object', 'fencedframe'].includes(String(destination))
  );
}
