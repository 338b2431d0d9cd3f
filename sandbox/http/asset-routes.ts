import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const assets = [
  { name: 'sandbox.css', type: 'text/css; charset=utf-8' },
  { name: 'auto-post.js', type: 'text/javascript; charset=utf-8' },
  { name: 'icon.svg', type: 'image/svg+xml' },
];

/**
 * The stylesheet, the icon, and the script that submits a form automatically: separate files, so that nothing is
 * inline.
 */
export async function assetRoutes(app: FastifyInstance): Promise<void> {
  for (const { name, type } of assets) {
    const content = await readFile(new URL(`../assets/${name}`, import.meta.url), 'utf8');
    app.get(`/assets/${name}`, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type(type).send(content),
    );
  }
}
