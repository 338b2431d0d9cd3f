import type { Biller } from '../../core/billers/biller.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { createFairQueue, QueueFull } from '../../platform/util/fair-queue.ts';
import type { Signer } from '../../protocols/saml/signatures/signer.ts';

/**
 * Anyone can cause an error Response, and its signature costs as much as that of an assertion: few are made at the same
 * time, few wait, and billers take turns.
 */
const QUEUE = { atOnce: 2, waiting: 40, each: 4, withinMs: 3_000 };
/** Suggested wait before the portal user retries, in seconds. */
const RETRY_AFTER = 5;

/**
 * Makes an error Response with a signer that lets assertions go first.
 *
 * @param gone aborted when nobody waits for the Response any more
 * @throws IdpError service_busy
 */
export type MakeErrorResponse = (
  biller: Biller,
  signer: Signer,
  make: (patient: Signer) => Promise<string>,
  gone: AbortSignal,
) => Promise<string>;

/** The budget of signatures for error Responses. */
export function createErrorResponses(): MakeErrorResponse {
  const queue = createFairQueue(QUEUE);
  return async (biller, signer, make, gone) => {
    const patient: Signer = { ...signer, sign: (bytes) => signer.sign(bytes, true) };
    try {
      return await queue.run(biller.id, () => make(patient), gone);
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      const detail = `too many error Responses at a time: ${error.message}`;
      throw new IdpError('service_busy', { detail, retryAfter: RETRY_AFTER });
    }
  };
}
