import type { FastifyRequest } from 'fastify';
import type { Biller } from '../core/billers/biller.ts';

const originOf = (text: string | undefined) =>
  text !== undefined && URL.canParse(text) ? new URL(text).origin : undefined;

/**
 * Tells whether one of our pages or the biller's portal sent the browser here. Anybody else could do so to sign somebody on
 * who did not ask for it. `none` says that a navigation began outside of web pages, and stays so through redirects: a link
 * in an email may lead here by any website.
 */
export function isInvited({ headers }: FastifyRequest, biller: Pick<Biller, 'portalOrigins'>): boolean {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return true;
  const from = originOf(headers.origin) ?? originOf(headers.referer);
  // Browsers of before 2023 don't say: they are believed if nothing speaks against it.
  if (site === undefined && from === undefined) return true;
  return from !== undefined && biller.portalOrigins.includes(from);
}
