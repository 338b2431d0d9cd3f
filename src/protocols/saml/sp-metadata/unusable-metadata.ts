import { InputError } from '../../../platform/errors/idp-error.ts';

/** @param message which part of SP metadata is wrong, as a clause, and what is accepted */
export const unusable = (message: string): InputError =>
  new InputError(`The SP metadata can't be used: ${message}`, { code: 'sp_metadata_unusable' });
