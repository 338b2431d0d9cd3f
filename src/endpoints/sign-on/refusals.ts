import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Fence, OutdatedState } from '../../core/audit/fence.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { toIdpError } from '../../platform/http/errors.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Signer } from '../../protocols/saml/signatures/signer.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeErrorResponse, type Status } from '../../protocols/saml/writing/response.ts';
import type { Deliver } from './deliver.ts';
import type { Flows } from './flows.ts';
import { requireActiveKey } from './issue.ts';
import { traceOf } from './trace-of.ts';

interface RefusalServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly flows: Flows;
  readonly audit: AuditWriter;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly deliver: Deliver;
  readonly clock: () => number;
}

/** Records the refusal that is being handled. @param fence what a Response relies on */
type RecordRefusal = (answered: 'page' | 'response', fence?: Fence) => Promise<void>;

/**
 * The error handler of the SSO Service: records a failed sign-on, and answers the Service Provider if it is trusted and
 * the error has a SAML status.
 *
 * @returns the page that takes the error Response to the ACS
 * @throws IdpError if a person gets the error instead; the server's own error handler shows it
 */
export type Refuse = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

export function createRefuse(services: RefusalServices): Refuse {
  const { billers, keys, flows, audit, traces, metrics, deliver, clock } = services;

  async function answer(reply: FastifyReply, biller: Biller, target: AnswerTarget, status: Status, signer: Signer) {
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

  /**
   * Records a refusal that the Service Provider gets. It is refused even if that can't be recorded.
   *
   * @returns the key to sign with
   * @throws OutdatedState if the biller or its key has changed
   */
  async function recordAndSign(biller: Biller, record: RecordRefusal): Promise<Signer> {
    const { fingerprint, signer } = requireActiveKey(await keys.forSigning(biller.id), biller, clock());
    await record('response', { billerVersion: biller.version, key: fingerprint }).catch((error: unknown) => {
      if (error instanceof OutdatedState) throw error;
    });
    return signer;
  }

  /**
   * @returns the biller and the key to sign with, as the database has them; undefined if the ACS is not registered any
   *   more
   */
  async function prepare(biller: Biller, { acsUrl }: AnswerTarget, record: RecordRefusal) {
    try {
      return { biller, signer: await recordAndSign(biller, record) };
    } catch (error) {
      if (!(error instanceof OutdatedState)) throw error;
    }
    billers.forget(biller.id);
    keys.forget(biller.id);
    const current = await billers.bySlug(biller.slug);
    if (!current.serviceProvider.acs.some(({ url }) => url === acsUrl)) return undefined;
    return { biller: current, signer: await recordAndSign(current, record) };
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
    const record: RecordRefusal = async (answered, fence) => {
      if (error.code === 'service_unavailable') return;
      const details = { code: error.code, detail: error.detail, answered };
      await audit.append({ event: 'sign_on.refused', reference: request.id, billerId: biller?.id, details }, fence);
    };
    const kept =
      error.code === 'service_unavailable'
        ? undefined
        : traces.keep(request.id, biller?.id, () => traceOf(error, biller, received));
    const answerable = biller !== undefined && refused !== undefined && status !== undefined;
    let unable: unknown = error;
    const prepared = answerable
      ? await prepare(biller, refused.target, record).catch((reason: unknown) => {
          unable = reason instanceof OutdatedState ? error : reason;
        })
      : undefined;
    if (prepared === undefined) await record('page').catch(() => undefined);
    await kept;
    if (!answerable || prepared === undefined) throw unable;
    request.facts.outcome = error.code;
    request.facts.detail = error.detail;
    return answer(reply, prepared.biller, refused.target, status, prepared.signer);
  };
}
