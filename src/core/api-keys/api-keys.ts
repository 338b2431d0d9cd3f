import { hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Database } from '../../platform/database/database.ts';
import { hashSecret, newKeyText, readKey } from './key-text.ts';
import type { ApiKeyRole } from './schema.ts';
import { createFindKey, noteUse } from './store.ts';

/** A key that is valid now. */
export interface ValidKey {
  readonly id: string;
  /** Slug of the biller that it belongs to. */
  readonly biller: string;
  readonly billerId: string;
  readonly role: ApiKeyRole;
  /**
   * @returns 32 bytes for one purpose that only requests with this key can compute: they are derived from its secret,
   *   which is kept nowhere
   */
  derive(purpose: string): Buffer;
}

/** A text that is no valid key, and why. The reason is for the audit: who sent it gets the same answer for all. */
export interface RefusedKey {
  readonly reason: 'missing' | 'malformed' | 'unknown' | 'wrong' | 'revoked' | 'expired' | 'role';
  /** Whose key it is or was; only once the secret was right. */
  readonly owner?: { readonly id: string; readonly billerId: string };
}

/** Checks API keys. */
export interface ApiKeys {
  /**
   * Every request is held against the database, so that a key that is revoked is refused by every instance at once.
   *
   * @param text what came in place of a key; undefined if nothing did
   */
  check(text: string | undefined): Promise<ValidKey | RefusedKey>;
}

/** The time of the last use is written this often at most. */
const USE_EVERY_MS = 60_000;

export const isValid = (checked: ValidKey | RefusedKey): checked is ValidKey => !('reason' in checked);

export function createApiKeys({ database, clock }: { database: Database; clock: () => number }): ApiKeys {
  const findKey = createFindKey(database);
  const nobody = newKeyText();

  return {
    async check(text) {
      const given = text === undefined ? undefined : readKey(text);
      // What is no key takes the same steps as one, and so the same time.
      const { id, secret } = given ?? nobody;
      const row = await findKey(id);
      const expected = row === undefined ? hashSecret(nobody.secret) : Buffer.from(row.secret_hash, 'hex');
      const isRight = timingSafeEqual(hashSecret(secret), expected);
      if (given === undefined) return { reason: text === undefined ? 'missing' : 'malformed' };
      if (row === undefined) return { reason: 'unknown' };
      if (!isRight) return { reason: 'wrong' };
      const owner = { id, billerId: row.biller_id };
      const now = clock();
      if (row.revoked) return { reason: 'revoked', owner };
      if (row.expires_at !== null && now >= row.expires_at) return { reason: 'expired', owner };
      if (row.last_used_at === null || now - row.last_used_at >= USE_EVERY_MS) {
        await noteUse(database.db, id, new Date(now));
      }
      const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
      return { id, biller: row.biller, billerId: row.biller_id, role: row.role, derive };
    },
  };
}
