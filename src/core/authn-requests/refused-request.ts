import type { IdpError } from '../../platform/errors/idp-error.ts';
import type { AnswerTarget } from './check.ts';

/** A request that is refused after it was known where to answer: the Service Provider is told why. */
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
