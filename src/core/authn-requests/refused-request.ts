import type { IdpError } from '../../platform/errors/idp-error.ts';
import type { AnswerTarget } from './check.ts';

/** A request refused once it was known where to answer: the Service Provider gets the reason. */
export class RefusedRequest extends Error {
  readonly target: AnswerTarget;
  readonly reason: IdpError;

  constructor(target: AnswerTarget, reason: IdpError) {
    super(reason.message, { cause: reason });
    this.name = 'RefusedRequest';
    this.target = target;
    this.reason = reason;
  }
}
