import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AcceptedRequest, AnswerTarget } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { BillerRoute } from '../biller-of.ts';
import type { Received } from './trace-of.ts';

export type SignOnRequest = FastifyRequest<BillerRoute>;

/** How far a sign-on has come: what its error handler needs to know. */
interface SignOnProgress {
  /** Undefined as long as the path's biller is not found. */
  readonly biller?: Biller;
  /** The message, once one came with this request. */
  readonly received?: Received;
  /** The parked request that this one goes on with. */
  readonly flowId?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Only on requests of the SSO Service, once a route has begun to handle them. */
    signOn?: SignOnProgress;
  }
}

/** An accepted request on its way to an answer. `flowId` is set once the request is parked. */
export interface SignOnContext {
  readonly request: SignOnRequest;
  readonly reply: FastifyReply;
  readonly biller: Biller;
  readonly accepted: AcceptedRequest;
  readonly flowId: string | undefined;
  /** The account that was chosen in this flow before the portal user had to sign in again. */
  readonly remembered?: string | undefined;
  /** `failed`: the provider could not say who the person is without showing anything. */
  readonly passive?: string | undefined;
}

/** Whether the ACS of an answer is (still) registered. */
export const hasAcs = ({ serviceProvider }: Biller, { acsUrl }: AnswerTarget): boolean =>
  serviceProvider.acs.some(({ url }) => url === acsUrl);

/** The origins that a form may reach on its way to the ACS and on from there, as the biller's settings say. */
export function formActionOf(biller: Biller, target: AnswerTarget): string[] {
  return [new URL(target.acsUrl).origin, ...biller.settings.acsRedirectOrigins];
}
