import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { programVersion } from '../../core/installation/version.ts';
import { pageHeaders } from '../../platform/http/pages/reply.ts';
import type { ApiDescription } from './views/description.ts';
import { docsPage } from './views/docs-page.ts';

const config = { role: 'everybody' } as const;
/** These are about the API, and no part of it. */
const schema = { hide: true };
const DESCRIPTION =
  'For the back end of a portal. Send an API key as `Authorization: Bearer <key>`, never from a browser. Every error is a problem document (RFC 9457).';

/**
 * Describes the routes that are registered after this, as OpenAPI 3.1 at /api/openapi.json and as a page at /api/docs.
 * Neither needs a key: they hold nothing of any biller.
 */
export async function describeApi(scope: FastifyInstance, { publicUrl }: { publicUrl: string }): Promise<void> {
  await scope.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'ic-idp: API for portals', version: programVersion, description: DESCRIPTION },
      servers: [{ url: publicUrl }],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  let json: string | undefined;
  let page: string | undefined;

  scope.get('/api/openapi.json', { config, schema }, async (_request, reply) => {
    json ??= JSON.stringify(scope.swagger());
    return reply.type('application/json').send(json);
  });
  scope.get('/api/docs', { config, schema }, async (_request, reply) => {
    page ??= docsPage(scope.swagger() as unknown as ApiDescription);
    return reply.headers(pageHeaders({})).send(page);
  });
}
