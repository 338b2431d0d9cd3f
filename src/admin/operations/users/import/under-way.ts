import { z } from 'zod';
import type { UserImport } from '../../../../core/portal-users/import/imports.ts';
import type { RowProblem } from '../../../../core/portal-users/import/staged-users.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { showValue } from '../../../../platform/errors/show-value.ts';

/** @throws InputError if the import is over */
export function requireUnderWay(found: UserImport | undefined): UserImport {
  if (found !== undefined) return found;
  throw new InputError(
    'This import is over: another one of the same users has begun since, or the biller was removed.',
    { code: 'import_over' },
  );
}

/** Something wrong with a row. `given` is short and has no whole email address. */
export const rowProblemSchema = z.object({
  line: z.number(),
  field: z.enum(['externalId', 'email', 'account', 'role']),
  given: z.string(),
  complaint: z.string(),
});

/** More of them are only counted. */
const MAX_PROBLEMS = 100;

/** @returns the first problems as they may be shown, and the number of all */
export const shownProblems = (problems: readonly RowProblem[]) => ({
  problems: problems
    .slice(0, MAX_PROBLEMS)
    .map((problem) => ({ ...problem, given: showValue(problem.given, problem.field === 'email') })),
  wrong: problems.length,
});
