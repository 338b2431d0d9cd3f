import type { AcceptedRequest } from '../../core/authn-requests/check.ts';

/** Sign-on flows that are parked. */
export interface SignOnFlowsTable {
  id: string;
  /** SHA-256 of the secret in the cookie that binds the flow to one browser. */
  secretHash: Buffer;
  billerId: string;
  request: AcceptedRequest;
  expiresAt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    signOnFlows: SignOnFlowsTable;
  }
}
