import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import type { IdpError } from '../../platform/errors/idp-error.ts';
import { toIdpError } from '../../platform/http/errors.ts';
import { whenGone } from '../../platform/http/gone.ts';
import { networkOf } from '../../platform/http/network.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeErrorResponse, type Status } from '../../protocols/saml/writing/response.ts';
import { sessionIdOf } from '../session-cookie.ts';
import type { Deliver } from './deliver.ts';
import { createErrorResponses } from './error-responses.ts';
import type { Flows } from './flows.ts';
import { requireActiveKey } from './issue.ts';
import { traceOf } from './trace-of.ts';

interface RefusalServices {
  readonly keys: Keys;
  readonly flows: Flows;
  readonly sessions: Sessions;
  readonly strangersAudit: StrangersAudit;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly deliver: Deliver;
  readonly clock: () => number;
}

/**
 * The error handler of the SSO Service: records a failed sign-on, and answers the Service Provider if it is trusted and
 * the error has a SAML status.
 *
 * @returns the page that takes the error Response to the ACS
 * @throws IdpError if a person gets the error instead; the server's own error handler shows it
 */
export type Refuse = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

export function createRefuse(services: RefusalServices): Refuse {
  const { keys, flows, sessions, strangersAudit, traces, metrics, deliver, clock } = services;
  const makeWithin = createErrorResponses();

  /** @throws IdpError if there is no Response */
  async function respond(reply: FastifyReply, biller: Biller, target: AnswerTarget, status: Status): Promise<string> {
    const { signer } = requireActiveKey(await keys.forSigning(biller.id), biller, clock());
    const content = {
      id: newSamlId(),
      issuer: biller.entityId,
      issueInstant: clock(),
      destination: target.acsUrl,
      inResponseTo: target.requestId,
    };
    const { sign } = biller.settings;
    return makeWithin(biller, signer, (patient) => makeErrorResponse(content, status, sign, patient), whenGone(reply));
  }

  /** Records a refusal. The sign-on is refused even if that fails. */
  async function record(request: FastifyRequest, error: IdpError, answered: 'page' | 'response'): Promise<void> {
    const { biller, received } = request.signOn ?? {};
    let asked: Promise<string | undefined> | undefined;
    const user = () => {
      asked ??= biller === undefined ? Promise.resolve(undefined) : userOf(request, biller);
      return asked;
    };
    const from = { network: networkOf(request.ip), user };
    const about = { reference: request.id, billerId: biller?.id };
    const details = { code: error.code, detail: error.detail, answered };
    await Promise.all([
      strangersAudit
        .append({ event: 'sign_on.refused', ...about, address: request.ip, details }, from)
        .catch(() => undefined),
      traces.keep({ ...about, ...from }, () => traceOf(error, biller, received)),
    ]);
  }

  const userOf = async (request: FastifyRequest, biller: Biller) =>
    (await sessions.find(sessionIdOf(request, biller), biller))?.user.id;

  /** A parked request that is refused is over. @returns what to report: the error, or why the flow could not be ended */
  async function endFlow(thrown: unknown, reply: FastifyReply, flowId: string | undefined): Promise<unknown> {
    if (flowId === undefined || !(thrown instanceof RefusedRequest)) return thrown;
    return flows.finish(reply, flowId).then(
      () => thrown,
      (error: unknown) => error,
    );
  }

  return async (thrown, request, reply) => {
    // Fastify refused the body before the sign-on began.
    if (request.signOn === undefined) throw thrown;
    const { biller, flowId } = request.signOn;
    const failure = await endFlow(thrown, reply, flowId);
    const refused = failure instanceof RefusedRequest ? failure : undefined;
    const error = refused?.reason ?? toIdpError(failure);
    metrics.signOn(biller?.slug ?? '', error.code, reply.elapsedTime);
    const status: Status | undefined = refused &&
      error.saml && { codes: error.saml, message: `${error.sentence} Reference: ${request.id}` };
    let response: string | undefined;
    let instead = error;
    if (biller !== undefined && refused !== undefined && status !== undefined) {
      response = await respond(reply, biller, refused.target, status).catch((unable: unknown) => {
        instead = toIdpError(unable);
        return undefined;
      });
    }
    if (error.code !== 'service_unavailable')
      await record(request, error, response === undefined ? 'page' : 'response');
    if (biller === undefined || refused === undefined || response === undefined) throw instead;
    request.facts.outcome = error.code;
    request.facts.detail = error.detail;
    // Fastify has set the status of the error that it is handling.
    return deliver(reply.code(200), biller, refused.target, response);
  };
}
