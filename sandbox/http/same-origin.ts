import type { FastifyRequest } from 'fastify';
import { Refusal } from '../refusal.ts';

/**
 * Refuses a form that another site or another origin submitted. Browsers say where a form comes from; programs send
 * neither header.
 * @throws Refusal cross-site
 */
export function requireSameOrigin({ headers }: FastifyRequest, publicUrl: string): void {
  const site = headers['sec-fetch-site'];
  const fromHere = site === undefined || site === 'same-origin' || site === 'none';
  // The site alone is not enough: a name of an attacker that leads to this machine makes its own pages same-origin.
  if (fromHere && (headers.origin === undefined || headers.origin === publicUrl)) return;
  throw new Refusal(
    'cross-site',
    403,
    'The form was submitted from another site.',
    `Open the form at ${publicUrl} and submit it again.`,
  );
}
