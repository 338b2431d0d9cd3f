import type { FastifyRequest } from 'fastify';
import type { Biller } from '../core/billers/biller.ts';
import type { Billers } from '../core/billers/billers.ts';

/** Routes of one biller have its slug in their path. */
export interface BillerRoute {
  Params: { biller: string };
}

/**
 * Finds the biller that the path names, and notes it for the log and the error page.
 *
 * @throws IdpError biller_unknown
 */
export async function billerOf(request: FastifyRequest<BillerRoute>, billers: Billers): Promise<Biller> {
  const biller = await billers.bySlug(request.params.biller);
  noteBiller(request, biller);
  return biller;
}

/** Notes a biller for the log and the error page. */
export function noteBiller({ facts }: FastifyRequest, biller: Biller): void {
  facts.biller = biller.slug;
  facts.billerId = biller.id;
  facts.billerName = biller.name;
  facts.help = biller.settings;
  facts.portalUrl = biller.settings.portalUrl ?? undefined;
  facts.frameAncestors = biller.portalOrigins;
}
