import type { FastifyPluginAsync } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { keepRefusals } from '../keep-refusals.ts';
import { type AuthenticateServices, requireKeys } from './authenticate.ts';
import { type LaunchApiServices, launchApiRoutes } from './launches.ts';
import { describeApi } from './openapi.ts';
import { createApiErrorHandler } from './problems.ts';
import { acceptJson } from './read-json.ts';
import { type UserServices, userRoutes } from './users.ts';
import { validatorCompiler } from './validate.ts';

export interface ApiServices extends AuthenticateServices, UserServices, LaunchApiServices {
  readonly publicUrl: string;
  readonly traces: Traces;
}

/** Room for 10,000 accounts. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

/** The API for portals. Everything in it is JSON; errors are problem documents. */
export const apiRoutes: FastifyPluginAsync<ApiServices> = async (scope, services) => {
  scope.setValidatorCompiler(validatorCompiler);
  scope.setSerializerCompiler(serializerCompiler);
  acceptJson(scope);
  scope.setErrorHandler(createApiErrorHandler(keepRefusals(services.traces)));
  scope.addHook('onRoute', (route) => {
    route.bodyLimit = BODY_LIMIT_BYTES;
  });
  requireKeys(scope, services);
  scope.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    done(null, payload);
  });
  await describeApi(scope, services);
  await scope.register(launchApiRoutes, services);
  await scope.register(userRoutes, services);
  // What is no route here is answered like the rest of the API, not with a page.
  for (const url of ['/api', '/api/*']) {
    scope.all(url, { config: { role: 'everybody' }, schema: { hide: true } }, async () => {
      throw new IdpError('route_unknown', { detail: 'no such route of the API' });
    });
  }
};
