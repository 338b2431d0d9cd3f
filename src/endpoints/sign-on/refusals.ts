import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { toIdpError } from '../../platform/http/errors.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeErrorResponse, type Status } from '../../protocols/saml/writing/response.ts';
import type { Deliver } from './deliver.ts';
import type { Flows } from './flows.ts';
import { requireActiveKey } from './issue.ts';
import { traceOf } from './trace-of.ts';

interface RefusalServices {
  readonly keys: Keys;
  readonly flows: Flows;
  readonly audit: AuditWriter;
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

export function createRefuse({ keys, flows, audit, traces, metrics, deliver, clock }: RefusalServices): Refuse {
  async function answer(reply: FastifyReply, biller: Biller, target: AnswerTarget, status: Status) {
    const { signer } = requireActiveKey(await keys.forSigning(biller.id), biller, clock());
    const content = {
      id: newSamlId(),
      issuer: biller.entityId,
      issueInstant: clock(),
      destination: target.acsUrl,
      inResponseTo: target.requestId,
    };
    const response = await makeErrorResponse(content, status, biller.settings.sign, signer);
    // Fastify has set the status of the error that it is handling.
    return deliver(reply.code(200), biller, target, response);
  }

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
    const { biller, received, flowId } = request.signOn;
    const failure = await endFlow(thrown, reply, flowId);
    const refused = failure instanceof RefusedRequest ? failure : undefined;
    const error = refused?.reason ?? toIdpError(failure);
    metrics.signOn(biller?.slug ?? '', error.code, reply.elapsedTime);
    const status: Status | undefined = refused &&
      error.saml && { codes: error.saml, message: `${error.sentence} Reference: ${request.id}` };
    if (error.code !== 'service_unavailable') {
      const details = { code: error.code, detail: error.detail, answered: status === undefined ? 'page' : 'response' };
      // The sign-on is refused even if the refusal can't be recorded.
      await Promise.all([
        audit
          .append({
            event: 'sign_on.refused',
            reference: request.id,
            billerId: biller?.id,
            address: request.ip,
            details,
          })
          .catch(() => undefined),
        traces.keep(request.id, biller?.id, () => traceOf(error, biller, received)),
      ]);
    }
    if (biller === undefined || refused === undefined || status === undefined) throw error;
    request.facts.outcome = error.code;
    request.facts.detail = error.detail;
    return answer(reply, biller, refused.target, status);
  };
}
