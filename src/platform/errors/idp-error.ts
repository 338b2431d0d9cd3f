import { type ErrorCode, type ErrorEntry, errorCatalogue } from './catalogue.ts';
import { escapeControls } from './escape-controls.ts';

/** A detail is stored in the log, the audit and the trace of every refusal, and anyone can cause one. */
const MAX_DETAIL = 1_500;
const MAX_PART = 600;

/** How a message breaks a rule, in three parts, for the people who investigate it. Never a secret. */
export interface Mismatch {
  /** The part of the message. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

interface IdpErrorOptions {
  /**
   * What was expected and what came. For the log and the audit; never shown to a person, never a secret. It is truncated
   * and kept on one line.
   */
  readonly detail: string;
  readonly mismatch?: Mismatch;
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense; becomes Retry-After. */
  readonly retryAfter?: number;
  /** A public sentence more specific than the catalogue's; must not repeat unescaped or secret input. */
  readonly sentence?: string;
  /** A public remedy more specific than the catalogue's. */
  readonly remedy?: string;
}

/** The one error class: a stable code, the public words (from the catalogue), the private detail, the cause. */
export class IdpError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly mismatch: Mismatch | undefined;
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly retryAfter: number | undefined;
  /** The status for the Service Provider; undefined for an error that is always a page. */
  readonly saml: ErrorEntry['saml'];

  constructor(code: ErrorCode, options: IdpErrorOptions) {
    const detail = escapeControls(options.detail, MAX_DETAIL);
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'IdpError';
    const entry: ErrorEntry = errorCatalogue[code];
    this.code = code;
    this.detail = detail;
    this.mismatch = options.mismatch && {
      what: options.mismatch.what,
      expected: escapeControls(options.mismatch.expected, MAX_PART),
      found: escapeControls(options.mismatch.found, MAX_PART),
    };
    this.status = entry.status;
    this.title = entry.title;
    this.sentence = options.sentence ?? entry.sentence;
    this.remedy = options.remedy ?? entry.remedy;
    this.retryAfter = options.retryAfter;
    this.saml = entry.saml;
  }
}

/** A mistake in an operator's input (CLI, settings). Its message is shown unchanged; exit code 2. */
export class InputError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InputError';
  }
}
