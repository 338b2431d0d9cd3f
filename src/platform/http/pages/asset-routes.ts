import type { FastifyPluginAsync } from 'fastify';
import { assets } from './assets.ts';

/** Serves the stylesheet and the script. Their names contain their hash, so that a browser fetches them once. */
export const assetRoutes: FastifyPluginAsync = async (scope) => {
  for (const { path, body, contentType } of assets) {
    scope.get(path, (_request, reply) =>
      reply
        .headers({
          'content-type': contentType,
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        })
        .send(body),
    );
  }
};
