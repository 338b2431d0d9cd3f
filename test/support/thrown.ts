import { IdpError } from '../../src/platform/errors/idp-error.ts';

/** @returns the IdpError that an attempt throws, undefined if it throws nothing @throws any other error */
export function thrownBy(attempt: () => unknown): IdpError | undefined {
  try {
    attempt();
  } catch (error) {
    if (error instanceof IdpError) return error;
    throw error;
  }
  return undefined;
}
