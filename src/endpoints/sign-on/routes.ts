import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import { acceptRequest } from '../../core/authn-requests/accept-request.ts';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { isFramed, requireSameOrigin } from '../../platform/http/clients/same-origin.ts';
import { acceptForms, readForm } from '../../platform/http/form.ts';
import { sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { decodePost, decodeRedirect, type ReceivedMessage } from '../../protocols/saml/reading/decode.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { createDeliver } from './deliver.ts';
import type { Answers } from './flows/answers.ts';
import type { Flows, Parked } from './flows/flows.ts';
import { createRepeat, type InFlow } from './flows/repeat.ts';
import { createHandleAfresh } from './handle-afresh.ts';
import { type Issue, requireSigningKey } from './issue.ts';
import { createProceed, flowPath } from './proceed.ts';
import { createRefuse } from './refusals.ts';
import type { SignOnRequest } from './sign-on-context.ts';
import type { Received } from './trace-of.ts';
import { unsolicitedRequest } from './unsolicited.ts';

export interface SignOnServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly flows: Flows;
  readonly answers: Answers;
  readonly issue: Issue;
  readonly audit: AuditWriter;
  readonly strangersAudit: StrangersAudit;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly publicUrl: string;
  readonly clock: () => number;
}

/** The base64 of the largest message, percent-encoded, with room for RelayState. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;

/**
 * The SSO Service: receives AuthnRequests over both bindings and answers them once the portal user is known. What a step
 * throws goes to the error handler of this scope: see createRefuse.
 */
export const signOnRoutes: FastifyPluginAsync<SignOnServices> = async (scope, services) => {
  const { billers, keys, flows, publicUrl, clock } = services;
  const deliver = createDeliver();
  const repeat = createRepeat({ ...services, deliver });
  const proceed = createProceed({ ...services, deliver, repeat });
  const handleAfresh = createHandleAfresh(services);
  scope.decorateRequest('signOn');
  await scope.register(cookie);
  acceptForms(scope);
  scope.setErrorHandler(createRefuse({ ...services, deliver }));

  /** Begins a sign-on: from here on a failure counts as a refused one. */
  async function begin(request: SignOnRequest): Promise<Biller> {
    request.signOn = {};
    const biller = await billerOf(request, billers);
    request.signOn = { biller };
    return biller;
  }

  /** Decodes and checks the message of this request: see acceptRequest. */
  async function accept(
    request: SignOnRequest,
    biller: Biller,
    binding: Received['binding'],
    decode: () => ReceivedMessage,
  ): Promise<AcceptedRequest> {
    const at = clock();
    request.signOn = { biller, received: { binding, message: undefined, at } };
    const message = decode();
    request.signOn = { biller, received: { binding, message, at } };
    const accepted = acceptRequest(message, biller, at);
    // If there is no key to sign with, say so before the sign-in.
    const { active } = await keys.ofBiller(biller.id);
    await requireSigningKey(active, biller, at).signer.ready?.();
    return accepted;
  }

  /** Goes on with a parked request. @param chosen an account number as a form sent it */
  async function resume(parked: InFlow, chosen?: string): Promise<FastifyReply> {
    const { request, biller, flowId } = parked;
    let found: Parked;
    try {
      found = await flows.find(request, biller, flowId);
    } catch (error) {
      return repeat.lead(parked, error, chosen);
    }
    request.signOn = { biller, flowId };
    return proceed({ ...parked, accepted: found.accepted, remembered: found.chosen }, chosen);
  }

  async function receive(request: SignOnRequest, reply: FastifyReply): Promise<FastifyReply> {
    const biller = await begin(request);
    const query = rawQuery(request.url);
    const parameters = readParameters(query);
    const flowId = parameters.get('flow');
    if (flowId !== undefined && !parameters.has('SAMLRequest')) {
      return resume({ request, reply, biller, flowId, passive: parameters.get('passive') });
    }
    const accepted =
      parameters.size === 0
        ? unsolicitedRequest(request, biller, clock())
        : await accept(request, biller, 'HTTP-Redirect', () => decodeRedirect(parameters, query));
    return proceed({ request, reply, biller, accepted, flowId: undefined });
  }

  async function receivePost(request: SignOnRequest, reply: FastifyReply): Promise<FastifyReply> {
    const biller = await begin(request);
    const parameters = readForm(request);
    const flowId = parameters.get('flow');
    if (flowId !== undefined && !parameters.has('SAMLRequest')) {
      requireSameOrigin(request, publicUrl);
      return resume({ request, reply, biller, flowId }, parameters.get('account'));
    }
    const accepted = await accept(request, biller, 'HTTP-POST', () => decodePost(parameters));
    // The cookies inside a frame come with every request of it.
    if (isFramed(request)) return proceed({ request, reply, biller, accepted, flowId: undefined });
    // A POST from another site comes without Lax cookies, so no session is visible here. The redirect leads to a GET of
    // our own that brings them; 303 and never 307, which would post again (RFC 9110, 15.4.4).
    request.facts.outcome = 'parked';
    return sendTo(reply, flowPath(biller, await flows.park(reply, biller, accepted)));
  }

  scope.get<BillerRoute>('/saml/:biller/sso', handleAfresh(receive));
  scope.post<BillerRoute>('/saml/:biller/sso', { bodyLimit: BODY_LIMIT_BYTES }, handleAfresh(receivePost));
};
