import type { FastifyInstance } from 'fastify';
import { assets } from './assets.ts';

/** Serves the stylesheet and the script; their names carry their hash, so that they are fetched once. */
export function assetRoutes(server: FastifyInstance): void {
  for (const { path, body, contentType } of assets) {
    server.get(path, (_request, reply) =>
      reply
        .headers({
          'content-type': contentType,
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        })
        .send(body),
    );
  }
}
