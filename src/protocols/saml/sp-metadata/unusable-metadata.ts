import { InputError } from '../../../platform/errors/idp-error.ts';

/** @param message a clause that says which part of the SP metadata is wrong and what is accepted */
export const unusable = (message: string): InputError =>
  new InputError(`The SP metadata can't be used: ${message}`, { code: 'sp_metadata_unusable' });
