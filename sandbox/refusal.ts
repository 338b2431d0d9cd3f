/** Stable codes for what the sandbox refuses. Tests and people can rely on them. */
export type RefusalCode =
  | 'bad-request'
  | 'bad-form'
  | 'cross-site'
  | 'metadata-unreachable'
  | 'metadata-unusable'
  | 'bad-link'
  | 'unknown-biller'
  | 'unknown-page'
  | 'unknown-relay-state'
  | 'malformed-response'
  | 'identity-provider-error'
  | 'response-refused'
  | 'claim-refused'
  | 'account-mismatch'
  | 'not-signed-in'
  | 'internal';

/** Something that the sandbox does not accept; shown as a page, or as JSON `{error, reason}`. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly status: number;
  /** What the user can check or do next. */
  readonly hint: string;

  constructor(code: RefusalCode, status: 400 | 403 | 404 | 500, reason: string, hint: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
    this.hint = hint;
  }
}
