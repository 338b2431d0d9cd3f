import { InputError } from '../../../platform/errors/idp-error.ts';

/**
 * What went wrong with a hardware module: `away`: it can't be reached, and may be back in a moment; `pin`: it refused the
 * PIN, and another try with the same one might lock the token; `refused`: it is there, and does not do what was asked.
 */
export type ModuleTrouble = 'away' | 'pin' | 'refused';

/** A hardware module did not do what it was asked. The sentence is for an operator, and is shown as it is. */
export class ModuleError extends InputError {
  readonly trouble: ModuleTrouble;

  constructor(trouble: ModuleTrouble, message: string, options: ErrorOptions = {}) {
    super(message, { ...options, code: 'module_failed' });
    this.name = 'ModuleError';
    this.trouble = trouble;
  }
}
