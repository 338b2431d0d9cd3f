import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Launches } from '../../core/launches/launches.ts';
import { firstFault, type LaunchFault, planLaunch } from '../../core/launches/plan.ts';
import type { PortalUsers } from '../../core/portal-users/portal-users.ts';
import { DESTINATION_NAMES } from '../../protocols/invoice-cloud/destinations.ts';
import { callerOf } from './authenticate.ts';
import { userFacts, userId } from './fields.ts';
import { type Idempotency, idempotencyHeaders } from './idempotency.ts';
import { problemsOf } from './problems.ts';
import { sayingOf } from './users.ts';
import { fieldError, object } from './validate.ts';

export interface LaunchApiServices {
  readonly launches: Launches;
  readonly portalUsers: PortalUsers;
  readonly idempotency: Idempotency;
}

const url = z.string().max(2_000);
const destinationFault = ({ input }: { readonly input?: unknown }) =>
  `${input === undefined ? 'is missing; it ' : ''}must be a text or a whole number`;
const body = object({
  user: object({ id: userId, ...userFacts }).meta({
    description: 'Who is signed in at your portal. It replaces what you said of them before.',
  }),
  account: z
    .string()
    .max(100)
    .meta({ description: 'The number of one of their accounts: the one that this is about.', example: '101Invoice' }),
  destination: z.union([z.string().max(40), z.int()], { error: destinationFault }).meta({
    description: `The page at Invoice Cloud: ${DESTINATION_NAMES.map((name) => `\`${name}\``).join(', ')}, or a DeepLinkID.`,
    example: 'bills',
  }),
  viewMode: z.literal([0, 1]).optional().meta({
    description:
      '0: Invoice Cloud shows a whole page; 1: a page for an iframe of the portal, where the address must be opened. The biller’s if it is missing.',
  }),
  returnUrl: url
    .optional()
    .meta({ description: 'The way back to you, where this can’t go on. Its origin must be registered.' }),
  refreshUrl: url.optional().meta({
    description:
      'A page of yours that makes a new launch and redirects to it: where a used or expired address leads, once. Its origin must be registered.',
    example: 'https://portal.example.com/pay',
  }),
});

const made = z
  .object({
    id: z.string().meta({ description: 'Names the launch in the audit; no secret.' }),
    url: z.string().meta({
      description:
        'Send the browser here: it works once, for 60 seconds. Whoever has it becomes this user, so log it nowhere.',
    }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ description: 'The launch was made.' });

const checked = z
  .object({
    ok: z.boolean().meta({ description: 'Whether the launch could be made.' }),
    checks: z.array(
      z.object({
        name: z.string(),
        ok: z.boolean(),
        detail: z.string().meta({ description: 'What was found; where it is wrong, with what is accepted.' }),
      }),
    ),
  })
  .meta({ description: 'What a launch would do, check by check. Nothing was done.' });

const PROBLEMS = {
  409: 'The same call is being worked on; Retry-After says when to ask again.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'A part of the request is wrong, and `field` names it, or the Idempotency-Key came with another body before. Nothing was done.',
};
const config = { role: 'portal' } as const;

const errorOf = ({ field, given, complaint, code }: LaunchFault) => fieldError(field, given, complaint, code);

/** Launches: the portal's back end says who, for which account, to which page. */
export const launchApiRoutes: FastifyPluginAsyncZod<LaunchApiServices> = async (scope, services) => {
  const { launches, portalUsers, idempotency } = services;

  scope.post(
    '/api/launches',
    {
      config,
      schema: {
        summary: 'Launch a user',
        description:
          'Says who is signed in at your portal, for which account, and to which page at Invoice Cloud. The answer has the address to send the browser to.',
        headers: idempotencyHeaders,
        body,
        response: { 201: made, ...problemsOf(PROBLEMS) },
      },
    },
    async (request, reply) =>
      idempotency.carryOut(request, reply, async (transaction) => {
        const { checks, plan } = planLaunch(callerOf(request).biller, request.body);
        const fault = firstFault(checks);
        if (fault !== undefined) throw errorOf(fault);
        if (plan === undefined) throw new Error('There is neither a fault nor a plan.');
        const launch = await launches.makeWithin(transaction, plan, sayingOf(request));
        const { id, url: address, expiresAt } = launch;
        return {
          status: 201,
          body: { id, url: address, expiresAt: expiresAt.toISOString() },
          after: () => portalUsers.settled(launch.change),
        };
      }),
  );

  scope.post(
    '/api/launches/check',
    {
      config,
      schema: {
        summary: 'Check a launch',
        description: 'Takes the same body, says what would happen, check by check, and does nothing.',
        headers: idempotencyHeaders,
        body,
        response: { 200: checked, ...problemsOf(PROBLEMS) },
      },
    },
    async (request, reply) =>
      idempotency.carryOut(request, reply, async () => {
        const { checks } = planLaunch(callerOf(request).biller, request.body);
        return {
          status: 200,
          body: {
            ok: firstFault(checks) === undefined,
            checks: checks.map(({ name, found, fault }) => ({
              name,
              ok: fault === undefined,
              detail: fault === undefined ? `${name} ${found}.` : errorOf(fault).sentence,
            })),
          },
        };
      }),
  );
};
