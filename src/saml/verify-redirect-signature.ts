import { IdpError } from '../errors/idp-error.ts';

export function verifyRedirectSignature(_rawQuery: string, _certificates: readonly string[]): void {
  throw new IdpError('signature_invalid', { detail: 'signatures are not verified by this version' });
}
