import type { FastifyInstance, FastifyReply } from 'fastify';
import type { AuditWriter } from '../../core/audit/writer.ts';
import { acceptRequest } from '../../core/authn-requests/accept-request.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { readForm } from '../../platform/http/form.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { sendTo } from '../../platform/http/reply.ts';
import { tell } from '../../platform/http/request-facts.ts';
import { requireSameOrigin } from '../../platform/http/same-origin.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { decodePost, decodeRedirect, type ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { createDeliver } from './deliver.ts';
import type { Flows } from './flows.ts';
import { type Issue, requireActiveKey } from './issue.ts';
import { createProceed, flowPath, refuseFramed } from './proceed.ts';
import { createRefuse } from './refusals.ts';
import type { SignOnRequest } from './sign-on-context.ts';
import type { Received } from './trace-of.ts';
import { unsolicitedRequest } from './unsolicited.ts';

interface SignOnServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly flows: Flows;
  readonly issue: Issue;
  readonly audit: AuditWriter;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly publicUrl: string;
  readonly clock: () => number;
}

/** Reads and checks a message: see acceptRequest. */
type Accept = (binding: Received['binding'], decode: () => ReceivedMessage) => Promise<AcceptedRequest>;
type Handler = (biller: Biller, parameters: Map<string, string>, accept: Accept) => Promise<FastifyReply>;

/** The SSO Service: takes AuthnRequests on both bindings and answers them when the portal user is known. */
export function signOnRoutes(server: FastifyInstance, services: SignOnServices): void {
  const { billers, keys, flows, publicUrl, clock } = services;
  const deliver = createDeliver();
  const proceed = createProceed({ ...services, deliver });
  const refuse = createRefuse({ ...services, deliver });

  async function handle(
    request: SignOnRequest,
    reply: FastifyReply,
    read: () => Map<string, string>,
    handler: Handler,
  ): Promise<FastifyReply> {
    let biller: Biller | undefined;
    let received: Received | undefined;
    try {
      const known = await billerOf(request, billers);
      biller = known;
      return await handler(known, read(), async (binding, decode) => {
        received = { binding, message: undefined, at: clock() };
        const message = decode();
        received = { ...received, message };
        const accepted = acceptRequest(message, known, received.at);
        // What can be known before the sign-in is told before it.
        await requireActiveKey(await keys.ofBiller(known.id), known, received.at).signer.ready?.();
        return accepted;
      });
    } catch (thrown) {
      return refuse(request, reply, { biller, received }, thrown);
    }
  }

  /** Goes on with a parked request. One that ends in an error Response is over, too. */
  async function resume(
    request: SignOnRequest,
    reply: FastifyReply,
    biller: Biller,
    flowId: string,
    chosen?: string,
  ): Promise<FastifyReply> {
    const accepted = await flows.find(request, biller, flowId);
    try {
      return await proceed({ request, reply, biller, accepted, flowId }, chosen);
    } catch (thrown) {
      if (thrown instanceof RefusedRequest) await flows.finish(reply, flowId);
      throw thrown;
    }
  }

  server.get<BillerRoute>('/saml/:biller/sso', (request, reply) => {
    const query = rawQuery(request.url);
    return handle(
      request,
      reply,
      () => readParameters(query),
      async (biller, parameters, accept) => {
        const start = (accepted: AcceptedRequest) =>
          proceed({ request, reply, biller, accepted, flowId: undefined }, undefined);
        const take = async () => start(await accept('HTTP-Redirect', () => decodeRedirect(parameters, query)));
        if (parameters.has('SAMLRequest')) return take();
        const flowId = parameters.get('flow');
        if (flowId !== undefined) return resume(request, reply, biller, flowId);
        if (parameters.size === 0) return start(unsolicitedRequest(request, biller, clock()));
        // Whatever came instead of a request is told by the decoder.
        return take();
      },
    );
  });

  server.post<BillerRoute>('/saml/:biller/sso', (request, reply) =>
    handle(
      request,
      reply,
      () => readForm(request),
      async (biller, parameters, accept) => {
        const flowId = parameters.get('flow');
        if (flowId !== undefined && !parameters.has('SAMLRequest')) {
          requireSameOrigin(request, publicUrl);
          return resume(request, reply, biller, flowId, parameters.get('account'));
        }
        const accepted = await accept('HTTP-POST', () => decodePost(parameters));
        // A POST from another site comes without Lax cookies, so nobody is signed in here. The redirect is a GET of our
        // own that brings them; 303 and never 307, which would post again (RFC 9110, 15.4.4).
        refuseFramed({ request, reply, biller, accepted, flowId: undefined });
        tell(request, { outcome: 'parked' });
        return sendTo(reply, flowPath(biller, await flows.park(reply, biller, accepted)));
      },
    ),
  );
}
