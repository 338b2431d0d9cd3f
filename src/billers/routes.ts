import { X509Certificate } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { IdpError } from '../errors/idp-error.ts';
import type { Keys } from '../keys/keys.ts';
import { type BillerRoute, billerOf } from '../web/biller-of.ts';
import type { Billers } from './billers.ts';
import { idpMetadataOf } from './idp-metadata.ts';

interface BillerRouteServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly publicUrl: string;
}

/** What the onboarding staff fetches: IdP metadata and the signing certificate. */
export function billerRoutes(server: FastifyInstance, { billers, keys, publicUrl }: BillerRouteServices): void {
  server.get<BillerRoute>('/saml/:biller/metadata', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const { document, tag } = await idpMetadataOf(biller, await keys.ofBiller(biller.id), publicUrl);
    reply.headers({
      'content-type': 'application/samlmetadata+xml; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      etag: tag,
    });
    // RFC 9110, 13.1.2: weak comparison, a list, or any.
    const known = request.headers['if-none-match']?.split(',').map((candidate) => candidate.trim().replace(/^W\//, ''));
    return known?.some((candidate) => candidate === tag || candidate === '*') ? reply.code(304).send() : document;
  });

  server.get<BillerRoute>('/saml/:biller/certificate.pem', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const { active } = await keys.ofBiller(biller.id);
    if (active === undefined) {
      throw new IdpError('signing_key_unavailable', { detail: 'the biller has no active signing key' });
    }
    reply.headers({
      'content-type': 'application/x-pem-file',
      'content-disposition': `attachment; filename="${biller.slug}.pem"`,
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    return new X509Certificate(Buffer.from(active.signer.certificate, 'base64')).toString();
  });
}
