import { traceOfError } from '../diagnostics/traces/trace.ts';
import type { Traces } from '../diagnostics/traces/traces.ts';
import type { ErrorCode } from '../platform/errors/catalog.ts';
import { networkOf } from '../platform/http/clients/network.ts';
import type { OnRefused } from '../platform/http/errors.ts';

/** Nothing can be kept, or there is nothing to find out. */
const NOT_KEPT: readonly ErrorCode[] = ['service_unavailable', 'service_busy', 'client_gone'];

/**
 * Keeps a trace of whatever shows a reference, so that an operator finds it. The SSO Service keeps its own, with the SAML
 * message. Nobody waits for it: a database that does not answer must not keep a refusal from being shown.
 */
export function keepRefusals(traces: Traces): OnRefused {
  return ({ error, reference, address = '', request }) => {
    if (NOT_KEPT.includes(error.code) || request?.signOn !== undefined) return;
    const failure = {
      reference,
      billerId: request?.facts.billerId,
      network: networkOf(address),
      user: async () => undefined,
    };
    void traces.keep(failure, () => traceOfError(error));
  };
}
