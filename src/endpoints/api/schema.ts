/** Answers that are given again under the same Idempotency-Key. */
export interface ApiAnswersTable {
  apiKeyId: string;
  /** SHA-256 of the Idempotency-Key. */
  keyHash: Buffer;
  /** Keyed hash of method, path and body. */
  fingerprint: Buffer;
  startedAt: Date;
  /** Sealed under a key that only the caller's API key gives. Null while the first call is worked on. */
  sealedAnswer: Buffer | null;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    apiAnswers: ApiAnswersTable;
  }
}
