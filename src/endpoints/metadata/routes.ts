import { X509Certificate } from 'node:crypto';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import { type Fetcher, isKnown, isServiceProvider } from '../../core/keys/publication/fetcher.ts';
import { idpMetadataOf, oneTimeMetadataOf } from '../../core/keys/publication/idp-metadata.ts';
import type { MetadataFetches } from '../../core/keys/publication/metadata-fetches.ts';
import type { OneTimeUrls } from '../../core/keys/publication/one-time-url.ts';
import type { SigningKeyRow } from '../../core/keys/store.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { watchDelivery } from '../../platform/http/limits/delivery.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { browserHeaderOf, isOpenedByPerson } from './browser.ts';
import { pageOf } from './page-of.ts';
import { metadataPage } from './views/metadata-page.ts';

export interface MetadataServices {
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
/** A person gets a page at the same address. */
const VARY = { vary: 'accept, sec-fetch-mode, sec-fetch-dest' };

/** What nginx logs for a request whose client closed the connection. */
const CUT_OFF = 499;

/** How a fetch was answered. */
interface Noted {
  readonly oneTime?: boolean;
  readonly status: number;
  readonly certificates: readonly string[];
  readonly taken: Promise<boolean>;
}

const fetcherOf = (request: FastifyRequest): Fetcher => ({
  address: request.ip,
  client: request.headers['user-agent'] ?? '',
  browserHeader: browserHeaderOf(request),
});

/**
 * Reads If-None-Match (RFC 9110, 13.1.2): a list of tags compared weakly, or `*`.
 *
 * @returns `fresh`: the client needs no document; `seen`: it named this very one, which a client that says `*` may not
 *   have seen
 */
function knownTo({ headers }: FastifyRequest, tag: string): { fresh: boolean; seen: boolean } {
  const tags = headers['if-none-match']?.split(',').map((candidate) => candidate.trim().replace(/^W\//, '')) ?? [];
  const seen = tags.includes(tag);
  return { fresh: seen || tags.includes('*'), seen };
}

/** Publishes the IdP metadata and the signing certificate. */
export const metadataRoutes: FastifyPluginAsync<MetadataServices> = async (scope, services) => {
  const { billers, keys, fetches, oneTimeUrls, publicUrl, clock } = services;

  /** What is published is what the database has now: others may keep it for days. */
  const currentBiller = async (request: FastifyRequest<BillerRoute>) =>
    billers.refreshed(await billerOf(request, billers));

  /** Records a fetch once it is known whether the client took the document. */
  function note(
    request: FastifyRequest,
    biller: Biller,
    { oneTime = false, status, certificates, taken }: Noted,
  ): void {
    const { address, client, browserHeader } = fetcherOf(request);
    const fetcher = { address, client, browserHeader };
    const monitor = !isServiceProvider(fetcher, biller.settings);
    const fetch = {
      address,
      client,
      billerId: biller.id,
      monitor,
      oneTime,
      known: !monitor && isKnown(fetcher, biller.settings),
    };
    fetches.note(
      taken.then((whole) =>
        whole ? { ...fetch, status, certificates: [...certificates] } : { ...fetch, status: CUT_OFF, certificates: [] },
      ),
    );
  }

  async function sendOneTime(request: FastifyRequest, reply: FastifyReply, biller: Biller, token: string) {
    const { taken, gone } = watchDelivery(reply);
    const deliver = async (key: SigningKeyRow) => {
      const known = await keys.ofBiller(biller.id);
      const { document, fingerprints } = await oneTimeMetadataOf(biller, known, key, publicUrl, clock());
      reply.headers({ ...HEADERS, 'cache-control': 'no-store' }).send(document);
      note(request, biller, { oneTime: true, status: 200, certificates: fingerprints, taken });
      return taken;
    };
    const fetcher = fetcherOf(request);
    try {
      const whole = await oneTimeUrls.fetch({ biller, token, fetcher, reference: request.id, deliver, gone });
      if (!whole) request.facts.outcome = 'fetch_cut_off';
    } catch (error) {
      if (!reply.sent) {
        const href = new URL(biller.metadataUrl).pathname;
        request.facts.wayOut = { href, label: 'See the lasting metadata URL', newWindow: false };
        throw error;
      }
      // The client has its document, so nobody else learns of this.
      request.log.error(
        { reference: request.id, err: error },
        'one-time metadata was fetched, but its key is not active',
      );
    }
    if (!reply.sent) {
      note(request, biller, { oneTime: true, status: CUT_OFF, certificates: [], taken });
      reply.hijack();
    }
    return reply;
  }

  scope.get<BillerRoute>('/saml/:biller/metadata', async (request, reply) => {
    const biller = await currentBiller(request);
    const parameters = readParameters(rawQuery(request.url));
    const token = parameters.get('one-time');
    if (token !== undefined) return sendOneTime(request, reply, biller, token);
    const known = await keys.refreshed(biller.id);
    const { document, tag, fingerprints } = await idpMetadataOf(biller, known, publicUrl, clock());
    reply.headers(VARY);
    const isDownload = parameters.has('download');
    if (isOpenedByPerson(request) && !isDownload) {
      request.facts.outcome = 'shown';
      return sendPage(reply, metadataPage(pageOf(biller, known, document, fingerprints)));
    }
    reply.headers({ ...HEADERS, 'cache-control': 'no-cache', etag: tag });
    if (isDownload) reply.header('content-disposition', `attachment; filename="${biller.slug}-idp-metadata.xml"`);
    const { fresh, seen } = knownTo(request, tag);
    const certificates = fresh && !seen ? [] : fingerprints;
    note(request, biller, { status: fresh ? 304 : 200, certificates, taken: watchDelivery(reply).taken });
    return fresh ? reply.code(304).send() : document;
  });

  scope.get<BillerRoute>('/saml/:biller', async (request, reply) => {
    const { metadataUrl } = await billerOf(request, billers);
    return sendTo(reply, new URL(metadataUrl).pathname);
  });

  // A HEAD shows no certificate, so it is not recorded as a fetch and does not use up a one-time URL.
  scope.head<BillerRoute>('/saml/:biller/metadata', async (request, reply) => {
    const biller = await currentBiller(request);
    const { document, tag } = await idpMetadataOf(biller, await keys.refreshed(biller.id), publicUrl, clock());
    reply.headers({ ...HEADERS, ...VARY, 'cache-control': 'no-cache', etag: tag });
    if (knownTo(request, tag).fresh) return reply.code(304).send();
    return reply.header('content-length', Buffer.byteLength(document)).send();
  });

  scope.get<BillerRoute>('/saml/:biller/certificate.pem', { exposeHeadRoute: true }, async (request, reply) => {
    const biller = await currentBiller(request);
    const { active } = await keys.refreshed(biller.id);
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
};
