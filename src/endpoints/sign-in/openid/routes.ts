import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import type { StrangersAudit } from '../../../core/audit/strangers.ts';
import type { AuditWriter } from '../../../core/audit/writer.ts';
import { type Biller, openidUrls } from '../../../core/billers/biller.ts';
import type { Billers } from '../../../core/billers/billers.ts';
import type { MasterKey } from '../../../core/secrets/master-key.ts';
import { endProviderSessions } from '../../../core/sessions/store.ts';
import { wantsPerson } from '../../../integrations/openid/failures.ts';
import type { Openid } from '../../../integrations/openid/openid.ts';
import type { Database } from '../../../platform/database/database.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { networkOf } from '../../../platform/http/clients/network.ts';
import { acceptForms, readForm } from '../../../platform/http/form.ts';
import { sendPage, sendTo } from '../../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../../platform/http/parameters.ts';
import { type Budget, createBudget } from '../../../platform/util/budget.ts';
import { type BillerRoute, billerOf } from '../../biller-of.ts';
import { sessionIdOf, setSessionCookie } from '../../session-cookie.ts';
import { signedInPath } from '../signed-in-path.ts';
import { signedOutPage } from '../views/signed-out-page.ts';
import { nextPath, signInPath } from '../waiting.ts';
import { type Pending, takePending } from './pending.ts';
import type { SignInByProvider } from './sign-in.ts';

export interface OpenidServices {
  readonly billers: Billers;
  readonly openid: Openid;
  readonly signInByProvider: SignInByProvider;
  readonly masterKey: MasterKey;
  readonly audit: AuditWriter;
  readonly strangersAudit: StrangersAudit;
  readonly database: Database;
  readonly publicUrl: string;
  readonly clock: () => number;
}

/** Calls of a provider a minute, on behalf of strangers: by one network, and in all. */
const CALLS = { all: 6_000, each: 600 };
/** Logout tokens a minute. Most cost a signature check and no call, and a provider may end many sessions at once. */
const LOGOUT_TOKENS = { all: 60_000, each: 6_000 };
const RETRY_AFTER_SECONDS = 60;

/** What comes back from the OpenID Connect providers of billers: browsers with a code, and logout tokens. */
export const openidRoutes: FastifyPluginAsync<OpenidServices> = async (scope, services) => {
  const { billers, openid, signInByProvider, masterKey, audit, strangersAudit, database, publicUrl, clock } = services;
  const calls = createBudget(CALLS, clock);
  const logoutTokens = createBudget(LOGOUT_TOKENS, clock);
  await scope.register(cookie);
  acceptForms(scope);

  function requireBudget(budget: Budget, { ip }: FastifyRequest): void {
    if (budget.take(networkOf(ip), '') === 'taken') return;
    const detail = 'too many calls of a provider for one network';
    throw new IdpError('too_many_requests', { detail, retryAfter: RETRY_AFTER_SECONDS });
  }

  /** A sign-in that was asked for now must have taken place now (OpenID Connect Core, 3.1.2.1). */
  function requireFresh({ fresh, startedAt }: Pending, provenAt: number | null, { settings }: Biller): void {
    if (!fresh) return;
    const skew = settings.clockSkewSeconds * 1000;
    if (provenAt !== null && provenAt >= startedAt - skew && provenAt <= clock() + skew) return;
    const found = provenAt === null ? 'nothing' : `one at ${new Date(provenAt).toISOString()}`;
    const detail = `auth_time: expected a sign-in after ${new Date(startedAt).toISOString()}; found ${found}`;
    throw new IdpError('provider_sign_in_old', { detail });
  }

  async function finish(request: FastifyRequest<BillerRoute>, biller: Biller, pending: Pending): Promise<string> {
    requireBudget(calls, request);
    const { callback } = openidUrls(publicUrl, biller.slug);
    const came = new URL(`${callback}?${rawQuery(request.url)}`);
    const signIn = await openid.redeem(biller, came, pending);
    requireFresh(pending, signIn.provenAt, biller);
    const previousSession = sessionIdOf(request, biller);
    return signInByProvider(biller, signIn, { reference: request.id, address: request.ip, previousSession });
  }

  async function noteFailure({ id: reference, ip: address }: FastifyRequest, biller: Biller, error: IdpError) {
    const from = { network: networkOf(address), user: async () => undefined };
    const details = { reason: `${error.code}: ${error.detail}` };
    await strangersAudit.append({ event: 'sign_in.failed', reference, billerId: biller.id, address, details }, from);
  }

  scope.get<BillerRoute>('/login/:biller/callback', async (request, reply) => {
    request.facts.hidesAddress = true;
    // As it is now: a sign-in must not go on at a provider that is not the biller's any more.
    const biller = await billers.refreshed(await billerOf(request, billers));
    let pending: Pending | undefined;
    try {
      const state = readParameters(rawQuery(request.url)).get('state');
      pending = takePending(request, reply, { masterKey, biller, state, now: clock() });
      setSessionCookie(reply, biller, await finish(request, biller, pending));
      request.facts.outcome = 'signed_in';
      return sendTo(reply, nextPath(biller, pending.waiting) ?? signedInPath(biller));
    } catch (thrown) {
      if (!(thrown instanceof IdpError)) throw thrown;
      const { prompt, waiting = {} } = pending ?? {};
      const isAsked = wantsPerson(thrown);
      if (prompt !== 'none' || !isAsked) await noteFailure(request, biller, thrown);
      // The Service Provider forbade that anything is shown, also an error, and learns that it would have been needed.
      if (prompt === 'none' && waiting.flow !== undefined) {
        request.facts.outcome = isAsked ? 'not_passive' : thrown.code;
        return sendTo(reply, `/saml/${biller.slug}/sso?flow=${waiting.flow}&passive=failed`);
      }
      const href = signInPath(biller, prompt === 'login' ? { ...waiting, again: '1' } : waiting);
      request.facts.wayOut = { href, label: 'Try again', newWindow: false };
      throw thrown;
    }
  });

  scope.get<BillerRoute>('/login/:biller/signed-out', async (request, reply) => {
    const biller = await billerOf(request, billers);
    const page = {
      billerName: biller.name,
      help: biller.settings,
      signInHref: signedInPath(biller),
      portalHref: biller.settings.portalUrl ?? undefined,
    };
    return sendPage(reply, signedOutPage(page));
  });

  /** OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8. */
  scope.post<BillerRoute>('/login/:biller/backchannel-logout', async (request, reply) => {
    const biller = await billerOf(request, billers);
    reply.header('cache-control', 'no-store');
    try {
      requireBudget(logoutTokens, request);
      const which = await openid.readLogoutToken(biller, readForm(request).get('logout_token') ?? '');
      await database.transaction(async (transaction) => {
        const ended = await endProviderSessions(transaction, biller.id, which);
        const byUser = Map.groupBy(ended, ({ userId }) => userId);
        const events = [...byUser].map(([userId, sessions]) => ({
          event: 'session.ended_by_provider' as const,
          reference: request.id,
          billerId: biller.id,
          userId,
          address: request.ip,
          details: { sessions: sessions.length },
        }));
        await audit.appendAllWithin(transaction, events);
      });
      // Who is told that the sessions have ended can rely on it.
      await earlierAppendsEnded(database);
      return reply.code(200).send();
    } catch (thrown) {
      if (!(thrown instanceof IdpError) || thrown.code === 'service_unavailable') throw thrown;
      request.facts.outcome = thrown.code;
      request.facts.detail = thrown.detail;
      const isOurs = ['provider_unavailable', 'too_many_requests'].includes(thrown.code);
      const error = {
        error: isOurs ? 'temporarily_unavailable' : 'invalid_request',
        error_description: thrown.sentence,
      };
      return reply.code(isOurs ? 503 : 400).send(error);
    }
  });
};
