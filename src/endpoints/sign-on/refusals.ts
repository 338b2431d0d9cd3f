import type { FastifyReply } from 'fastify';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import { toIdpError } from '../../platform/http/errors.ts';
import { tell } from '../../platform/http/request-facts.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import { makeErrorResponse, type Status } from '../../protocols/saml/writing/response.ts';
import type { Deliver } from './deliver.ts';
import { requireActiveKey } from './issue.ts';
import type { SignOnRequest } from './sign-on-context.ts';
import { type Received, traceOf } from './trace-of.ts';

interface RefusalServices {
  readonly keys: Keys;
  readonly audit: AuditWriter;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly deliver: Deliver;
  readonly clock: () => number;
}

/**
 * Ends a sign-on that fails: writes it down, and tells the Service Provider where there is one to tell.
 *
 * @returns the page that takes the error Response to the ACS
 * @throws IdpError where a person must be told instead
 */
export type Refuse = (
  request: SignOnRequest,
  reply: FastifyReply,
  about: { readonly biller: Biller | undefined; readonly received: Received | undefined },
  thrown: unknown,
) => Promise<FastifyReply>;

export function createRefuse({ keys, audit, traces, metrics, deliver, clock }: RefusalServices): Refuse {
  async function answer(reply: FastifyReply, biller: Biller, target: AnswerTarget, status: Status) {
    const { signer } = requireActiveKey(await keys.forSigning(biller.id), biller, clock());
    const content = {
      id: newSamlId(),
      issuer: biller.entityId,
      issueInstant: clock(),
      destination: target.acsUrl,
      inResponseTo: target.requestId,
    };
    return deliver(reply, biller, target, await makeErrorResponse(content, status, biller.settings.sign, signer));
  }

  return async (request, reply, { biller, received }, thrown) => {
    const refused = thrown instanceof RefusedRequest ? thrown : undefined;
    const error = refused?.reason ?? toIdpError(thrown);
    metrics.signOn(biller?.slug ?? '', error.code, reply.elapsedTime);
    const status: Status | undefined = refused &&
      error.saml && { codes: error.saml, message: `${error.sentence} Reference: ${request.id}` };
    if (error.code !== 'service_unavailable') {
      const details = { code: error.code, detail: error.detail, answered: status === undefined ? 'page' : 'response' };
      // The refusal stands whether or not it can be written down.
      await Promise.all([
        audit
          .append({ event: 'sign_on.refused', reference: request.id, billerId: biller?.id, details })
          .catch(() => undefined),
        traces.keep(request.id, biller?.id, () => traceOf(error, biller, received)),
      ]);
    }
    if (biller === undefined || refused === undefined || status === undefined) throw error;
    tell(request, { outcome: error.code, detail: error.detail });
    return answer(reply, biller, refused.target, status);
  };
}
