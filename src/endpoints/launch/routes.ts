import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Account } from '../../core/billers/claims.ts';
import type { Session, Sessions } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { createBudget } from '../../platform/util/budget.ts';
import { DESTINATION_NAMES, readDestination } from '../../protocols/invoice-cloud/destinations.ts';
import { buildRedirectLink, type ViewMode } from '../../protocols/invoice-cloud/redirect-link.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { sessionIdOf } from '../session-cookie.ts';
import { signedInPath } from '../sign-in/signed-in-path.ts';
import { LAUNCH_PARAMETERS, readLaunch } from './launch-path.ts';

export interface LaunchServices {
  readonly billers: Billers;
  readonly sessions: Sessions;
  readonly audit: AuditWriter;
  readonly strangersAudit: StrangersAudit;
  readonly clock: () => number;
}

/** Launches a minute, each with a row in the audit. No portal user clicks that often. */
const LAUNCHES = { all: 60_000, each: 60 };

interface LaunchRoute extends BillerRoute {
  Params: { biller: string; destination: string };
}

interface LaunchContext {
  readonly request: FastifyRequest<LaunchRoute>;
  readonly reply: FastifyReply;
  readonly biller: Biller;
  readonly session: Session | undefined;
}

type Parameters = ReadonlyMap<string, string>;

/** What the events of a launch have in common. */
const aboutOf = ({ id, ip }: FastifyRequest<LaunchRoute>, biller: Biller, session: Session | undefined) => ({
  reference: id,
  billerId: biller.id,
  userId: session?.user.id,
  address: ip,
});

function readViewMode(text: string | undefined, otherwise: ViewMode): ViewMode {
  if (text === undefined) return otherwise;
  if (text === '0' || text === '1') return Number(text) as ViewMode;
  throw new IdpError('parameter_invalid', { detail: 'viewMode must be 0 or 1' });
}

function requireDestination(text: string): number {
  const destination = readDestination(text);
  if (destination !== undefined) return destination;
  const accepted = `${DESTINATION_NAMES.join(', ')} or a positive number`;
  throw new IdpError('parameter_invalid', { detail: `the destination must be ${accepted}` });
}

/** @returns the account to launch for; undefined if several are possible and none was named @throws IdpError */
function accountOf(session: Session, number: string | undefined): Account | undefined {
  const { accounts } = session;
  if (accounts.length === 0) throw new IdpError('account_missing', { detail: 'the portal user has no account' });
  if (number === undefined) return accounts.length === 1 ? accounts[0] : undefined;
  const account = accounts.find((candidate) => candidate.number === number);
  if (account !== undefined) return account;
  throw new IdpError('account_forbidden', { detail: 'the account asked for is not one of the portal user’s' });
}

/** Takes a signed-in portal user to a destination: checks, remembers the account, redirects to the redirect link. */
export const launchRoutes: FastifyPluginAsync<LaunchServices> = async (scope, services) => {
  const { billers, sessions, audit, strangersAudit, clock } = services;
  const budget = createBudget(LAUNCHES, clock);
  await scope.register(cookie);

  /** Sends somebody who is not signed in to the sign-in, and from there back to the launch. */
  function signInFirst(reply: FastifyReply, biller: Biller, destination: string, parameters: Parameters): FastifyReply {
    const query = new URLSearchParams({ destination });
    for (const name of LAUNCH_PARAMETERS) {
      const value = parameters.get(name);
      if (value !== undefined) query.set(name, value);
    }
    return sendTo(reply, `/login/${biller.slug}?${query}`);
  }

  async function launch({ request, reply, biller, session }: LaunchContext, parameters: Parameters) {
    const named = parameters.get('destination') ?? request.params.destination;
    const viewMode = readViewMode(parameters.get('viewMode'), biller.settings.viewMode);
    const destination = requireDestination(named);
    if (session === undefined) return signInFirst(reply, biller, named, parameters);
    const account = accountOf(session, parameters.get('account'));
    // The page of a signed-in portal user lists every account with its destinations.
    if (account === undefined) return sendTo(reply, signedInPath(biller));
    if (budget.take(session.user.id, '') !== 'taken') {
      throw new IdpError('too_many_requests', { detail: 'too many launches of a portal user', retryAfter: 60 });
    }
    const { redirectLinkBase: base } = biller.settings;
    const link = { base, billerGuid: biller.billerGuid, account: account.number, viewMode, destination };
    await sessions.launch(session, account.number);
    await audit.append({
      event: 'launch.started',
      ...aboutOf(request, biller, session),
      account: account.number,
      details: { destination, viewMode },
    });
    return sendTo(reply, buildRedirectLink(link));
  }

  scope.get<LaunchRoute>('/launch/:biller/:destination', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const session = await sessions.find(sessionIdOf(request, biller), biller);
    let parameters: Parameters | undefined;
    try {
      parameters = readLaunch(readParameters(rawQuery(request.url)));
      return await launch({ request, reply, biller, session }, parameters);
    } catch (error) {
      if (error instanceof IdpError && error.status < 500) {
        const { code, detail } = error;
        const event = {
          event: 'launch.refused',
          ...aboutOf(request, biller, session),
          account: parameters?.get('account'),
          details: { code, detail },
        } as const;
        await strangersAudit.append(event, { network: networkOf(request.ip), user: async () => session?.user.id });
      }
      throw error;
    }
  });
};
