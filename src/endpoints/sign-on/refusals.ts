import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Fence, OutdatedState } from '../../core/audit/fence.ts';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import type { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { toIdpError } from '../../platform/http/errors.ts';
import { whenGone } from '../../platform/http/limits/gone.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeErrorResponse, type Status } from '../../protocols/saml/writing/response.ts';
import { sessionsHere } from '../sessions-here.ts';
import type { Deliver } from './deliver.ts';
import { createErrorResponses } from './error-responses.ts';
import type { Answers } from './flows/answers.ts';
import { requireSigningKey } from './issue.ts';
import { hasAcs } from './sign-on-context.ts';
import { traceOf } from './trace-of.ts';

interface RefusalServices {
  readonly billers: Billers;
  readonly keys: Keys;
  readonly answers: Answers;
  readonly sessions: Sessions;
  readonly strangersAudit: StrangersAudit;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly deliver: Deliver;
  readonly clock: () => number;
}

/** Records the refusal that is being handled. @param fence what a Response relies on */
type RecordRefusal = (answered: 'page' | 'response', fence?: Fence) => Promise<void>;

/** A refusal that the Service Provider gets, as a signed Response. */
interface ToRespond {
  readonly reply: FastifyReply;
  readonly target: AnswerTarget;
  readonly status: Status;
  readonly record: RecordRefusal;
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
  const { billers, keys, answers, sessions, strangersAudit, traces, metrics, deliver, clock } = services;
  const makeWithin = createErrorResponses();

  /**
   * Records the refusal and signs the Response, in its turn. Only the database knows whether the key may still sign: if
   * it does not answer, nothing is signed, and a person gets the refusal.
   *
   * @throws OutdatedState if the biller or its key has changed; an error if there is no Response
   */
  async function respond(biller: Biller, { reply, target, status, record }: ToRespond): Promise<string> {
    const { fingerprint, signer } = requireSigningKey(await keys.forSigning(biller.id), biller, clock());
    const content = {
      id: newSamlId(),
      issuer: biller.entityId,
      issueInstant: clock(),
      destination: target.acsUrl,
      inResponseTo: target.requestId,
    };
    return makeWithin(
      biller,
      signer,
      async (patient) => {
        await record('response', { billerVersion: biller.version, key: fingerprint });
        return makeErrorResponse(content, status, biller.settings.sign, patient);
      },
      whenGone(reply),
    );
  }

  /** @returns the Response, and the biller as the database has it; undefined if the ACS is not registered any more */
  async function respondAfresh(biller: Biller, wanted: ToRespond) {
    try {
      return { biller, response: await respond(biller, wanted) };
    } catch (error) {
      if (!(error instanceof OutdatedState)) throw error;
    }
    billers.forget(biller.id);
    keys.forget(biller.id);
    const current = await billers.bySlug(biller.slug);
    if (!hasAcs(current, wanted.target)) return undefined;
    return { biller: current, response: await respond(current, wanted) };
  }

  const userOf = async (request: FastifyRequest, biller: Biller) =>
    (await sessionsHere(sessions, request, biller))[0]?.user.id;

  /** Where a refusal came from; whether somebody is signed in is asked at most once. */
  function originOf(request: FastifyRequest) {
    const { biller } = request.signOn ?? {};
    let asked: Promise<string | undefined> | undefined;
    const user = () => {
      asked ??= biller === undefined ? Promise.resolve(undefined) : userOf(request, biller);
      return asked;
    };
    return { network: networkOf(request.ip), user };
  }

  /** How to record a refusal, and its trace as far as it is kept. A database that is away can record neither. */
  function recording(request: FastifyRequest, error: IdpError): { record: RecordRefusal; kept: Promise<void> } {
    if (error.code === 'service_unavailable') return { record: async () => undefined, kept: Promise.resolve() };
    const { biller, received } = request.signOn ?? {};
    const from = originOf(request);
    const about = { reference: request.id, billerId: biller?.id };
    return {
      async record(answered, fence) {
        const details = { code: error.code, detail: error.detail, answered };
        const event = { event: 'sign_on.refused', ...about, address: request.ip, details } as const;
        await strangersAudit.append(event, from, fence);
      },
      kept: traces.keep({ ...about, ...from }, () => traceOf(error, biller, received)),
    };
  }

  /** A parked request that is refused is over. @returns what to report: the error, or why the flow could not be ended */
  async function endFlow(thrown: unknown, flowId: string | undefined): Promise<unknown> {
    if (flowId === undefined || !(thrown instanceof RefusedRequest)) return thrown;
    return answers.refused(flowId).then(
      () => thrown,
      (error: unknown) => error,
    );
  }

  return async (thrown, request, reply) => {
    // Fastify refused the body before the sign-on began.
    if (request.signOn === undefined) throw thrown;
    const { biller, flowId } = request.signOn;
    const failure = await endFlow(thrown, flowId);
    const refused = failure instanceof RefusedRequest ? failure : undefined;
    const error = refused?.reason ?? toIdpError(failure);
    metrics.signOn(biller?.slug ?? '', error.code, reply.elapsedTime);
    const status: Status | undefined = refused &&
      error.saml && { codes: error.saml, message: `${error.sentence} Reference: ${request.id}` };
    const { record, kept } = recording(request, error);
    let unable: unknown = error;
    const answered =
      biller === undefined || refused === undefined || status === undefined
        ? undefined
        : await respondAfresh(biller, { reply, target: refused.target, status, record }).catch((reason: unknown) => {
            unable = reason instanceof OutdatedState ? error : toIdpError(reason);
          });
    if (answered === undefined) await record('page').catch(() => undefined);
    await kept;
    if (answered === undefined || refused === undefined) throw unable;
    request.facts.outcome = error.code;
    request.facts.detail = error.detail;
    // Fastify has set the status of the error that it is handling.
    return deliver(reply.code(200), answered.biller, refused.target, answered.response);
  };
}
