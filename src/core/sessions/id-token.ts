import { createSecretKey, hkdfSync } from 'node:crypto';
import { seal, unseal } from '../secrets/seal.ts';

/** ID tokens with all groups of a person have been seen to be larger; the sign-out works without, only less smoothly. */
const MAX_CHARACTERS = 8_000;
const CONTEXT = 'ID token of a session';

const keyOf = (sessionId: string) => createSecretKey(Buffer.from(hkdfSync('sha256', sessionId, '', CONTEXT, 32)));

/**
 * Seals an ID token under a key that only the session's cookie gives: whoever reads the database learns nothing of it.
 *
 * @param sessionId the identifier in the cookie, 256 random bits
 * @returns null if it is too long to be kept
 */
export const sealIdToken = (idToken: string, sessionId: string): Buffer | null =>
  idToken.length > MAX_CHARACTERS ? null : seal(keyOf(sessionId), Buffer.from(idToken), CONTEXT);

export const unsealIdToken = (sealed: Buffer, sessionId: string): string =>
  unseal(keyOf(sessionId), sealed, CONTEXT).toString('utf8');
