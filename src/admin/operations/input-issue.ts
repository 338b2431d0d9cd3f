import type { z } from 'zod';
import { InputError } from '../../platform/errors/idp-error.ts';

/** Fields whose value may be repeated in a message: no password, no passphrase, no key, nothing long. */
const SHOWN = new Set([
  'slug',
  'biller',
  'billerGuid',
  'email',
  'accounts',
  'networks',
  'role',
  'expires',
  'days',
  'hours',
  'user',
  'event',
  'since',
  'before',
  'limit',
  'viewMode',
  'returnUrl',
  'refreshUrl',
]);
const MAX_SHOWN = 100;

const characters = (count: number | bigint) => `${count} ${count === 1 ? 'character' : 'characters'}`;

/** Messages for schemas without their own. For the `error` option of a parse; zod fills in the rest. */
export const wordsForIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'too_small') {
    const { minimum } = issue;
    return `must ${issue.origin === 'string' ? `have at least ${characters(minimum)}` : `be at least ${minimum}`}`;
  }
  if (issue.code === 'too_big') {
    const { maximum } = issue;
    return `must ${issue.origin === 'string' ? `have at most ${characters(maximum)}` : `be at most ${maximum}`}`;
  }
  if (issue.code === 'invalid_value') return `must be ${issue.values.map(String).join(' or ')}`;
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number';
  return undefined;
};

/** @param issue the first one of a parse @returns an error that names the field and what is accepted */
export function inputErrorOf(issue: z.core.$ZodIssue | undefined): InputError {
  if (issue === undefined) return new InputError('The input is not accepted.');
  const complaint = issue.message.endsWith('.') ? issue.message : `${issue.message}.`;
  if (issue.path.length === 0) return new InputError(complaint);
  const { input } = issue;
  const shown = SHOWN.has(String(issue.path[0])) && ['string', 'number'].includes(typeof input);
  return new InputError(complaint, {
    field: issue.path.map(String).join('.'),
    given: shown ? String(input).slice(0, MAX_SHOWN) : undefined,
  });
}
