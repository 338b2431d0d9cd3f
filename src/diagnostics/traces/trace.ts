import { errorCatalog } from '../../platform/errors/catalog.ts';
import type { IdpError } from '../../platform/errors/idp-error.ts';

/** How one check went. */
export interface CheckResult {
  readonly check: string;
  readonly passed: boolean;
  readonly code?: string | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/**
 * What is kept of a request that failed, above all of a sign-on, so that two administrators in two companies can look at the same thing. Names
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

/** An error as a check that failed. */
export function failedCheck({ code, title, detail, mismatch }: IdpError): CheckResult {
  return {
    check: mismatch?.what ?? title,
    passed: false,
    code,
    expected: mismatch?.expected,
    found: mismatch?.found ?? detail,
  };
}

/** The trace of a request without a SAML message. */
export function traceOfError(error: IdpError): Trace {
  const { code, detail, field } = error;
  // The sentence about a field repeats its value, for whoever sent it and for nobody else.
  const sentence = field === undefined ? error.sentence : errorCatalog[code].sentence;
  return { code, sentence, detail, checks: [failedCheck(error)] };
}
