/** What an API key may be used for: `portal` makes launches of one biller and changes its portal users. */
export const API_KEY_ROLES = ['portal'] as const;
export type ApiKeyRole = (typeof API_KEY_ROLES)[number];

export interface ApiKeysTable {
  /** The part of the key that is no secret. */
  id: string;
  billerId: string;
  role: ApiKeyRole;
  /** SHA-256 of the secret part. */
  secretHash: Buffer;
  createdAt: Date;
  /** Null: it does not expire. */
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    apiKeys: ApiKeysTable;
  }
}
