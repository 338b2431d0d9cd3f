import type { ErrorEntry } from './catalog/entry.ts';
import { type ErrorCode, errorCatalog } from './catalog.ts';
import { escapeControls } from './escape-controls.ts';
import type { InputCode } from './input-codes.ts';

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
   * What was expected and what came. For the log and the audit; never shown to a person, never a secret. It is
   * truncated and kept on one line.
   */
  readonly detail: string;
  readonly mismatch?: Mismatch;
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense; becomes Retry-After. */
  readonly retryAfter?: number;
  /** For the API: path of the field that is wrong. */
  readonly field?: string;
  /** A public sentence more specific than the catalog's; must not repeat unescaped or secret input. */
  readonly sentence?: string;
  /** A public remedy more specific than the catalog's. */
  readonly remedy?: string;
}

/** The one error class: a stable code, the public words (from the catalog), the private detail, the cause. */
export class IdpError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly mismatch: Mismatch | undefined;
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly retryAfter: number | undefined;
  readonly field: string | undefined;
  /** The status for the Service Provider; undefined for an error that is always a page. */
  readonly saml: ErrorEntry['saml'];

  constructor(code: ErrorCode, options: IdpErrorOptions) {
    const detail = escapeControls(options.detail, MAX_DETAIL);
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'IdpError';
    const entry: ErrorEntry = errorCatalog[code];
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
    this.field = options.field;
    this.saml = entry.saml;
  }
}

interface InputErrorOptions {
  /** See input-codes.ts; `input_invalid` unless a more exact one is given. */
  readonly code?: InputCode;
  /** Path of the field in the operation's input, e.g. `billerGuid` or `settings.clockSkewSeconds`. */
  readonly field?: string | undefined;
  /** The value of the field, to be repeated in the message. Never a secret. */
  readonly given?: string | undefined;
  /** What the error is about, for the hint that belongs to its code, e.g. `{ biller: 'riverton-water' }`. */
  readonly names?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * A mistake in what an operator gave: an operation's input, or a setting. It is shown as it is.
 *
 * The message names the field by its path. A door that calls the field something else (an option, a label) puts its own
 * name before `complaint`, and adds the hint that it has for `code`.
 */
export class InputError extends Error {
  readonly code: InputCode;
  readonly field: string | undefined;
  readonly given: string | undefined;
  readonly names: Readonly<Record<string, string>>;
  /** What is wrong and what is accepted, without the name of the field. */
  readonly complaint: string;

  constructor(complaint: string, options: InputErrorOptions = {}) {
    const { code = 'input_invalid', field, given, names = {}, cause } = options;
    super(nameField(field, given, complaint), cause === undefined ? undefined : { cause });
    this.name = 'InputError';
    this.code = code;
    this.field = field;
    this.given = given;
    this.names = names;
    this.complaint = complaint;
  }
}

/** @returns e.g. `slug "x y": must be ...`; without a field the complaint alone */
export function nameField(field: string | undefined, given: string | undefined, complaint: string): string {
  if (field === undefined) return complaint;
  return `${field}${given === undefined ? '' : ` "${given}"`}: ${complaint}`;
}
