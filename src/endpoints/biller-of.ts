import type { FastifyRequest } from 'fastify';
import type { Biller } from '../core/billers/biller.ts';
import type { Billers } from '../core/billers/billers.ts';
import { tell } from '../platform/http/request-facts.ts';

/** Routes of one biller carry its slug in their path. */
export interface BillerRoute {
  Params: { biller: string };
}

/** The biller that the path names, told to the log and the error page. @throws IdpError biller_unknown */
export async function billerOf(request: FastifyRequest<BillerRoute>, billers: Billers): Promise<Biller> {
  const biller = await billers.bySlug(request.params.biller);
  tell(request, {
    biller: biller.slug,
    billerName: biller.name,
    portalUrl: biller.settings.portalUrl ?? undefined,
    frameAncestors: biller.portalOrigins,
  });
  return biller;
}
