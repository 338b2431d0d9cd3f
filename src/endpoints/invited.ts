import type { FastifyRequest } from 'fastify';
import type { Biller } from '../core/billers/biller.ts';

const originOf = (text: string | undefined) =>
  text !== undefined && URL.canParse(text) ? new URL(text).origin : undefined;

/**
 * @returns whether the user, one of our pages or the biller's portal sent the browser here. Any other website could do so to
 *   sign somebody on who did not ask for it
 */
export function isInvited({ headers }: FastifyRequest, biller: Pick<Biller, 'portalOrigins'>): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return true;
  const from = originOf(headers.origin) ?? originOf(headers.referer);
  return from !== undefined && biller.portalOrigins.includes(from);
}
