import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import type { ErrorCode } from '../../platform/errors/catalog.ts';
import { escapeControls } from '../../platform/errors/escape-controls.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { showValue } from '../../platform/errors/show-value.ts';
import { maskEmails } from '../../platform/util/mask.ts';

const MAX_SHOWN = 100;
const TYPES = { object: 'an object', array: 'an array', string: 'a text', int: 'a whole number', number: 'a number' };

const words: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    const expected = `must be ${TYPES[issue.expected as keyof typeof TYPES] ?? issue.expected}`;
    return issue.input === undefined ? `is missing; it ${expected}` : expected;
  }
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  if (issue.code === 'too_big') {
    const what = issue.origin === 'array' ? 'elements' : 'characters';
    return `must have at most ${Number(issue.maximum).toLocaleString('en')} ${what}`;
  }
  if (issue.code === 'too_small') {
    const least = Number(issue.minimum);
    return least === 1 ? 'must not be empty' : `must have at least ${least.toLocaleString('en')} characters`;
  }
  return undefined;
};

/** A value as it may be repeated to whoever sent it: short, and no whole email address. */
function shown(field: string, value: unknown): string {
  if (value === undefined || typeof value === 'object') return '';
  if (typeof value !== 'string') return ` ${String(value)}`;
  return ` "${showValue(value, /(^|\.)email$/.test(field))}"`;
}

/**
 * @param field path of the field, e.g. `user.accounts.0.number`
 * @param value as it came
 * @param complaint what is accepted, e.g. `must be ...`
 * @param logged the name of the field for the log, if the field may be anything
 */
export function fieldError(
  field: string,
  value: unknown,
  complaint: string,
  code: ErrorCode = 'field_invalid',
  logged?: string,
): IdpError {
  const name = escapeControls(field, MAX_SHOWN) || 'the body';
  return new IdpError(code, {
    // Without the value: this goes to the log.
    detail: `${logged ?? name}: ${maskEmails(complaint)}`,
    field: name,
    sentence: `${name}${shown(field, value)}: ${complaint.replace(/\.$/, '')}.`,
    remedy: '',
  });
}

function errorOf(issue: z.core.$ZodIssue): IdpError {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const field = [...path, maskEmails(String(issue.keys[0]))].join('.');
    // It may be anything, also a key that was pasted into the wrong place.
    const logged = [...path, '(unknown)'].join('.');
    return fieldError(field, undefined, `is not known here. ${issue.message}`, 'field_invalid', logged);
  }
  return fieldError(path.join('.'), issue.input, issue.message);
}

/** An object that takes these fields and no others. */
export const object = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `Accepted are ${Object.keys(shape).join(', ')}` : words(issue as never),
  });

/** Checks what comes in against the schemas of the routes. A refusal names the field, its value and what is accepted. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (value: unknown) => {
    const result = schema.safeParse(value, { error: words, reportInput: true });
    if (result.success) return { value: result.data };
    const [first] = result.error.issues;
    return { error: first === undefined ? fieldError('', undefined, 'is not accepted') : errorOf(first) };
  };
