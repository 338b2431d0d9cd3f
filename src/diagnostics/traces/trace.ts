/** How one check went. */
export interface CheckResult {
  readonly check: string;
  readonly passed: boolean;
  readonly code?: string | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/**
 * What is kept of a sign-on that failed, so that two administrators in two companies can look at the same thing. Names
 * and values of people are masked.
 */
export interface Trace {
  /** The error that ended it. */
  readonly code: string;
  readonly sentence: string;
  readonly detail: string;
  /** HTTP-Redirect or HTTP-POST; absent if no message was read, e.g. after the portal user's sign-in. */
  readonly binding?: string | undefined;
  /** The decoded message, outlined: see outlineXml. */
  readonly message?: readonly string[] | undefined;
  /** RelayState's length in bytes. */
  readonly relayStateBytes?: number | undefined;
  readonly checks: readonly CheckResult[];
}
