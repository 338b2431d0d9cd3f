import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PortalUsers, Saying } from '../../core/portal-users/portal-users.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { callerOf } from './authenticate.ts';
import { userFacts, userId } from './fields.ts';
import { problemsOf } from './problems.ts';
import { object } from './validate.ts';

export interface UserServices {
  readonly portalUsers: PortalUsers;
}

const params = object({ id: userId });
const querystring = object({
  source: z.enum(['portal', 'oidc']).default('portal').meta({
    description:
      'Whose ID it is: your own, or the `sub` of your OpenID Connect provider, where users sign in there and their accounts are not among its claims.',
  }),
});
const user = z.object({ id: userId, ...userFacts }).meta({ description: 'The user, as you said it last.' });
const unknown = () =>
  new IdpError('user_unknown', { detail: 'the biller has no portal user of the portal with this ID' });
const config = { role: 'portal' } as const;
const NOT_FOUND = 'You gave no user with this ID, or removed them.';
const INVALID = 'A part of the request is wrong: `field` names it. Nothing was done.';

/**
 * @param source whose ID the user has: the portal's own by default
 * @returns who says what a call says, for the audit
 */
export function sayingOf(request: FastifyRequest, source: Saying['source'] = 'portal'): Saying {
  const { key, biller } = callerOf(request);
  return { billerId: biller.id, source, actor: `API key ${key.id}`, reference: request.id, address: request.ip };
}

/** Portal users, by the portal's own IDs. */
export const userRoutes: FastifyPluginAsyncZod<UserServices> = async (scope, { portalUsers }) => {
  scope.addHook('preValidation', async (request) => {
    request.query = Object.fromEntries(readParameters(rawQuery(request.url)));
  });

  scope.put(
    '/api/users/:id',
    {
      config,
      schema: {
        summary: 'Say who a user is',
        description:
          'Gives email and accounts of a user, or replaces them. Sessions follow at once. A launch says the same, so this is only needed for changes between launches.',
        params,
        querystring,
        body: object(userFacts),
        response: {
          200: user,
          ...problemsOf({ 413: 'The body is too large.', 415: 'The body is not JSON.', 422: INVALID }),
        },
      },
    },
    async (request) => {
      const said = { id: request.params.id, ...request.body };
      await portalUsers.put(said, sayingOf(request, request.query.source));
      return said;
    },
  );

  scope.get(
    '/api/users/:id',
    {
      config,
      schema: {
        summary: 'Look a user up',
        description: 'Answers what you said of the user last.',
        params,
        querystring,
        response: { 200: user, ...problemsOf({ 404: NOT_FOUND, 422: INVALID }) },
      },
    },
    async (request) => {
      const found = await portalUsers.find(sayingOf(request, request.query.source), request.params.id);
      if (found === undefined) throw unknown();
      return { ...found, accounts: [...found.accounts] };
    },
  );

  scope.delete(
    '/api/users/:id',
    {
      config,
      schema: {
        summary: 'Remove a user',
        description:
          'Removes the user and ends their sessions. The session at Invoice Cloud goes on until it ends there.',
        params,
        querystring,
        response: {
          204: z.undefined().meta({ description: 'The user was removed.' }),
          ...problemsOf({ 404: NOT_FOUND, 422: INVALID }),
        },
      },
    },
    async (request, reply) => {
      if (!(await portalUsers.remove(request.params.id, sayingOf(request, request.query.source)))) throw unknown();
      return reply.code(204).send();
    },
  );
};
