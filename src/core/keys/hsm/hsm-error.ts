import { InputError } from '../../../platform/errors/idp-error.ts';

/**
 * What went wrong with an HSM. `away`: it can't be reached, but may be back in a moment; `pin`: it refused the PIN, and
 * retrying might lock the token; `refused`: it is reachable, but refused the request; `busy`: more waits for it than it
 * can sign in time.
 */
export type HsmTrouble = 'away' | 'pin' | 'refused' | 'busy';

/** An HSM did not do what was asked. The message is meant for operators and shown unchanged. */
export class HsmError extends InputError {
  readonly trouble: HsmTrouble;

  constructor(trouble: HsmTrouble, message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'module_failed' });
    this.name = 'HsmError';
    this.trouble = trouble;
  }
}
