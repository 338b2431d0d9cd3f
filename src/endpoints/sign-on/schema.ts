import type { Generated } from 'kysely';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';

/** Sign-on flows that are parked. */
export interface SignOnFlowsTable {
  id: string;
  /** SHA-256 of the secret in the cookie that binds the flow to one browser. */
  secretHash: Buffer;
  billerId: string;
  request: AcceptedRequest;
  /** The account that the portal user chose, if the sign-on could not be answered at once. */
  chosen: string | null;
  expiresAt: Date;
}

/** Flows that are being answered, or were. */
export interface SignOnAnswersTable {
  flowId: string;
  billerId: string;
  secretHash: Buffer;
  begunAt: Date;
  answeredAt: Date | null;
  /** Sealed with the secret of the flow. Null: an error was answered, or nothing yet. */
  answer: Buffer | null;
  /** How often the answer was sent again. */
  repeats: Generated<number>;
  expiresAt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    signOnFlows: SignOnFlowsTable;
    signOnAnswers: SignOnAnswersTable;
  }
}
