import type { FastifyReply } from 'fastify';
import { OutdatedState } from '../../core/audit/fence.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Keys } from '../../core/keys/keys.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import type { SignOnRequest } from './sign-on-context.ts';

type Handler = (request: SignOnRequest, reply: FastifyReply) => Promise<FastifyReply>;

const RETRY_AFTER_SECONDS = 1;

/**
 * Makes a handler begin again, once, if what it relied on turns out to have changed: with what the database says now, so
 * that the request gets the answer that it would have got from an instance without caches.
 *
 * @returns the handler, which throws IdpError service_unavailable if there was yet another change
 */
export function createHandleAfresh({ billers, keys }: { readonly billers: Billers; readonly keys: Keys }) {
  /** @returns the biller whose data was outdated, if that is why the request failed */
  async function outdated(error: unknown, { signOn }: SignOnRequest): Promise<string | undefined> {
    if (error instanceof OutdatedState) return error.billerId;
    // Refused by the rules of a biller that has changed since? A database that does not answer is not the reason.
    const biller = signOn?.biller;
    const isOld = biller !== undefined && !(await billers.isCurrent(biller).catch(() => true));
    return isOld ? biller.id : undefined;
  }

  const giveUp = (error: unknown): never => {
    if (!(error instanceof OutdatedState)) throw error;
    throw new IdpError('service_unavailable', {
      detail: 'what the sign-on relies on changed twice while it was handled',
      cause: error,
      retryAfter: RETRY_AFTER_SECONDS,
    });
  };

  return (handler: Handler): Handler =>
    async (request, reply) => {
      try {
        return await handler(request, reply);
      } catch (error) {
        const billerId = await outdated(error, request);
        if (billerId === undefined) throw error;
        billers.forget(billerId);
        keys.forget(billerId);
        return handler(request, reply).catch(giveUp);
      }
    };
}
