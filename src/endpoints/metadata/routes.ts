import { X509Certificate } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import { isServiceProvider } from '../../core/keys/publication/fetcher.ts';
import { idpMetadataOf, oneTimeMetadataOf } from '../../core/keys/publication/idp-metadata.ts';
import type { MetadataFetches } from '../../core/keys/publication/metadata-fetches.ts';
import type { OneTimeUrls } from '../../core/keys/publication/one-time-url.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';

interface BillerRouteServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly fetches: MetadataFetches;
  readonly oneTimeUrls: OneTimeUrls;
  readonly publicUrl: string;
  readonly clock: () => number;
}

const HEADERS = {
  'content-type': 'application/samlmetadata+xml; charset=utf-8',
  'x-content-type-options': 'nosniff',
};

/** A person opened the address: browsers tell so. (A program may say `cors`, as the fetch of Node does.) */
const isBrowser = ({ headers }: FastifyRequest) => headers['sec-fetch-mode'] === 'navigate';
const fetcherOf = ({ ip, headers }: FastifyRequest) => ({ address: ip, client: headers['user-agent'] ?? '' });

/**
 * What the client has already (RFC 9110, 13.1.2): weak comparison, a list, or any.
 *
 * @returns `seen`: it named this very document; whoever says `*` may never have seen it
 */
function knownTo({ headers }: FastifyRequest, tag: string): { fresh: boolean; seen: boolean } {
  const tags = headers['if-none-match']?.split(',').map((candidate) => candidate.trim().replace(/^W\//, '')) ?? [];
  const seen = tags.includes(tag);
  return { fresh: seen || tags.includes('*'), seen };
}

/** What the onboarding staff fetches: IdP metadata and the signing certificate. */
export function billerRoutes(server: FastifyInstance, services: BillerRouteServices): void {
  const { billers, keys, fetches, oneTimeUrls, publicUrl, clock } = services;

  function note(request: FastifyRequest, biller: Biller, status: number, certificates: readonly string[]): void {
    const fetcher = fetcherOf(request);
    const monitor = !isServiceProvider(fetcher, biller.settings);
    fetches.note({ ...fetcher, billerId: biller.id, status, certificates: [...certificates], monitor });
  }

  async function sendOneTime(request: FastifyRequest, reply: FastifyReply, biller: Biller, token: string) {
    const key = await oneTimeUrls.fetch(biller, token, fetcherOf(request), isBrowser(request), request.id);
    const known = await keys.ofBiller(biller.id);
    const { document } = await oneTimeMetadataOf(biller, known, key.certificate, publicUrl, clock());
    note(request, biller, 200, [key.fingerprint]);
    return reply.headers({ ...HEADERS, 'cache-control': 'no-store' }).send(document);
  }

  server.get<BillerRoute>('/saml/:biller/metadata', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const token = readParameters(rawQuery(request.url)).get('one-time');
    if (token !== undefined) return sendOneTime(request, reply, biller, token);
    const known = await keys.ofBiller(biller.id);
    const { document, tag } = await idpMetadataOf(biller, known, publicUrl, clock());
    reply.headers({ ...HEADERS, 'cache-control': 'no-cache', etag: tag });
    const { fresh, seen } = knownTo(request, tag);
    note(request, biller, fresh ? 304 : 200, fresh && !seen ? [] : known.fingerprints);
    return fresh ? reply.code(304).send() : document;
  });

  // Whoever looks with HEAD has been shown no certificate, so nothing is recorded, and a one-time address is not used up.
  server.head<BillerRoute>('/saml/:biller/metadata', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const { document, tag } = await idpMetadataOf(biller, await keys.ofBiller(biller.id), publicUrl, clock());
    reply.headers({ ...HEADERS, 'cache-control': 'no-cache', etag: tag });
    if (knownTo(request, tag).fresh) return reply.code(304).send();
    return reply.header('content-length', Buffer.byteLength(document)).send();
  });

  server.get<BillerRoute>('/saml/:biller/certificate.pem', { exposeHeadRoute: true }, async (request, reply) => {
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
