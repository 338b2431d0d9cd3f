import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AcceptedRequest, AnswerTarget } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { BillerRoute } from '../biller-of.ts';

export type SignOnRequest = FastifyRequest<BillerRoute>;

/** One context of a sign-on: what it needs to know. `flowId` is set once the request is parked. */
export interface SignOnContext {
  readonly request: SignOnRequest;
  readonly reply: FastifyReply;
  readonly biller: Biller;
  readonly accepted: AcceptedRequest;
  readonly flowId: string | undefined;
}

/** Where a form that leads to the ACS may go: there, and on from there as the biller's setting says. */
export function formActionOf(biller: Biller, target: AnswerTarget): string[] {
  return [new URL(target.acsUrl).origin, ...biller.settings.acsRedirectOrigins];
}
