import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditWriter } from '../audit/writer.ts';
import type { Biller } from '../billers/biller.ts';
import type { Billers } from '../billers/billers.ts';
import { IdpError } from '../errors/idp-error.ts';
import type { Keys } from '../keys/keys.ts';
import type { Metrics } from '../operations/metrics.ts';
import { readAuthnRequest } from '../saml/authn-request.ts';
import { decodePost, decodeRedirect, type ReceivedMessage } from '../saml/decode.ts';
import { rawQuery, readParameters } from '../saml/parameters.ts';
import { sessionIdOf } from '../sessions/cookies.ts';
import type { Session, Sessions } from '../sessions/sessions.ts';
import { prepareAutoSubmitPage } from '../web/auto-submit-page.ts';
import { type BillerRoute, billerOf, portalOrigins } from '../web/biller-of.ts';
import { toIdpError } from '../web/errors.ts';
import { readForm } from '../web/form.ts';
import { sendPage, sendTo } from '../web/reply.ts';
import { isFramed, requireSameOrigin } from '../web/same-origin.ts';
import { tell } from '../web/told.ts';
import type { AcceptedRequest } from './checks/check.ts';
import { acceptRequest } from './checks/list.ts';
import { chooseAccount } from './choose-account.ts';
import type { Flows } from './flows.ts';
import { type Issue, requireActiveKey } from './issue.ts';
import { accountChoicePage } from './views/account-choice-page.ts';

interface SignOnServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly flows: Flows;
  readonly issue: Issue;
  readonly audit: AuditWriter;
  readonly metrics: Metrics;
  readonly publicUrl: string;
  readonly clock: () => number;
}

type Request = FastifyRequest<BillerRoute>;

/** One step of a sign-on: what it needs to know. `flowId` is set once the request is parked. */
interface Step {
  readonly request: Request;
  readonly reply: FastifyReply;
  readonly biller: Biller;
  readonly accepted: AcceptedRequest;
  readonly flowId: string | undefined;
}

const flowPath = (biller: Biller, flowId: string) => `/saml/${biller.slug}/sso?flow=${flowId}`;

/** The SSO Service: takes AuthnRequests on both bindings and answers them when the portal user is known. */
export function signOnRoutes(server: FastifyInstance, services: SignOnServices): void {
  const { billers, keys, sessions, flows, issue, audit, metrics, publicUrl, clock } = services;
  const submitPages = new WeakMap<Biller, ReturnType<typeof prepareAutoSubmitPage>>();

  function submitPageOf(biller: Biller) {
    const known = submitPages.get(biller);
    if (known !== undefined) return known;
    const page = prepareAutoSubmitPage(biller.name);
    submitPages.set(biller, page);
    return page;
  }

  /** Reads and checks a message; what can be known before the sign-in is told before it. */
  async function accept(biller: Biller, message: ReceivedMessage): Promise<AcceptedRequest> {
    const accepted = acceptRequest({
      request: readAuthnRequest(message.xml),
      biller,
      relayState: message.relayState,
      detachedSignature: message.detachedSignature,
      now: clock(),
    });
    requireActiveKey(await keys.ofBiller(biller.id));
    return accepted;
  }

  /** Nobody signs in or chooses inside a frame: the portal could watch or lead the hand. */
  function refuseFramed({ request, accepted }: Step): void {
    if (!isFramed(request)) return;
    if (request.method === 'GET' && request.url.includes('SAMLRequest=')) {
      tell(request, { wayOut: { href: request.url, label: 'Continue in a new window', newWindow: true } });
    }
    throw new IdpError('framed', {
      detail: `request ${accepted.requestId} came in a frame, without a session for frames`,
    });
  }

  async function askWho(step: Step): Promise<FastifyReply> {
    refuseFramed(step);
    const { reply, biller, accepted } = step;
    const flowId = step.flowId ?? (await flows.park(reply, biller, accepted));
    tell(step.request, { outcome: 'sign_in' });
    return sendTo(reply, `/login/${biller.slug}?flow=${flowId}`);
  }

  async function askAccount(step: Step, session: Session): Promise<FastifyReply> {
    refuseFramed(step);
    const { request, reply, biller, accepted, flowId } = step;
    tell(request, { outcome: 'account_choice' });
    if (flowId === undefined) return sendTo(reply, flowPath(biller, await flows.park(reply, biller, accepted)));
    return sendPage(
      reply,
      accountChoicePage({
        billerName: biller.name,
        action: `/saml/${biller.slug}/sso`,
        hidden: { flow: flowId },
        accounts: session.accounts.map(({ number, role }) => ({ id: number, number, role })),
        email: session.user.email,
        notYou: { action: '/logout', hidden: { biller: biller.slug, flow: flowId } },
      }),
      { formAction: formActionOf(biller, accepted) },
    );
  }

  /** Takes a request as far as it goes now: to the sign-in, to the choice of an account, or to the ACS. */
  async function proceed(step: Step, chosen: string | undefined): Promise<FastifyReply> {
    const { request, reply, biller, accepted, flowId } = step;
    const session = await sessions.find(sessionIdOf(request), biller);
    if (session === undefined) return askWho(step);
    const account = await chooseAccount(biller.settings, sessions, session, chosen);
    if (account === undefined) return askAccount(step, session);
    const response = await issue({ biller, accepted, session, account, reference: request.id });
    if (flowId !== undefined) await flows.finish(reply, flowId);
    tell(request, { outcome: 'issued' });
    metrics.signOn(biller.slug, 'issued', reply.elapsedTime);
    const page = submitPageOf(biller)(accepted.acsUrl, Buffer.from(response).toString('base64'), accepted.relayState);
    return sendPage(reply, page, {
      formAction: formActionOf(biller, accepted),
      frameAncestors: portalOrigins(biller),
      referrer: 'none',
    });
  }

  /** Runs a handler; a refusal is audited and counted, then told by the one error handler. */
  async function audited(request: Request, reply: FastifyReply, handler: (biller: Biller) => Promise<FastifyReply>) {
    let biller: Biller | undefined;
    try {
      biller = await billerOf(request, billers);
      return await handler(biller);
    } catch (thrown) {
      const error = toIdpError(thrown);
      metrics.signOn(biller?.slug ?? '', error.code, reply.elapsedTime);
      if (error.code !== 'service_unavailable') {
        const details = { code: error.code, detail: error.detail };
        // The refusal stands whether or not it can be written down.
        await audit
          .append({ event: 'sign_on.refused', reference: request.id, billerId: biller?.id, details })
          .catch(() => undefined);
      }
      throw error;
    }
  }

  server.get<BillerRoute>('/saml/:biller/sso', (request, reply) =>
    audited(request, reply, async (biller) => {
      const parameters = readParameters(rawQuery(request.url));
      const flowId = parameters.get('flow');
      if (flowId !== undefined && !parameters.has('SAMLRequest')) {
        const accepted = await flows.find(request, biller, flowId);
        return proceed({ request, reply, biller, accepted, flowId }, undefined);
      }
      const accepted = await accept(biller, decodeRedirect(parameters));
      return proceed({ request, reply, biller, accepted, flowId: undefined }, undefined);
    }),
  );

  server.post<BillerRoute>('/saml/:biller/sso', (request, reply) =>
    audited(request, reply, async (biller) => {
      const parameters = readForm(request);
      const flowId = parameters.get('flow');
      if (flowId !== undefined && !parameters.has('SAMLRequest')) {
        requireSameOrigin(request, publicUrl);
        const accepted = await flows.find(request, biller, flowId);
        return proceed({ request, reply, biller, accepted, flowId }, parameters.get('account'));
      }
      const accepted = await accept(biller, decodePost(parameters));
      const step = { request, reply, biller, accepted, flowId: undefined };
      // A POST from another site comes without Lax cookies, so nobody is signed in here. The redirect is a GET of our
      // own that brings them; 303 and never 307, which would post again (RFC 9110, 15.4.4).
      refuseFramed(step);
      tell(request, { outcome: 'parked' });
      return sendTo(reply, flowPath(biller, await flows.park(reply, biller, accepted)));
    }),
  );
}

/** Where the form that posts itself may lead: the ACS, and on from there as the biller's setting says. */
function formActionOf(biller: Biller, accepted: AcceptedRequest): string[] {
  return [new URL(accepted.acsUrl).origin, ...biller.settings.acsRedirectOrigins];
}
