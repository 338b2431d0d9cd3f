import { z } from 'zod';
import { accountNumber, accountRole, externalId, saidEmail } from '../../../../core/portal-users/facts.ts';
import { lockImport, type StagedRow, stageRows } from '../../../../core/portal-users/import/imports.ts';
import type { RowProblem } from '../../../../core/portal-users/import/staged-users.ts';
import { requireBiller } from '../../billers/require-biller.ts';
import { wordsForIssue } from '../../input-issue.ts';
import { defineOperation } from '../../operation.ts';
import { roleWarnings } from '../view.ts';
import { requireUnderWay, rowProblemSchema, shownProblems } from './under-way.ts';

const MAX_ROWS = 5_000;
const RULES = { externalId, email: saidEmail, account: accountNumber, role: accountRole } as const;
const FIELDS = Object.keys(RULES) as (keyof typeof RULES)[];

const problemsOf = (row: StagedRow): RowProblem[] =>
  FIELDS.flatMap((field) => {
    const given = row[field];
    const { error } = RULES[field].safeParse(given, { error: wordsForIssue });
    return error === undefined ? [] : [{ line: row.line, field, given, complaint: error.issues[0]?.message ?? '' }];
  });

/** Puts rows of an import by, except for those that are wrong by themselves. */
export const rows = defineOperation({
  uses: ['database', 'billers'],
  input: z.strictObject({
    biller: z.string(),
    import: z.uuid(),
    rows: z
      .array(
        z.strictObject({
          line: z.int(),
          externalId: z.string(),
          email: z.string(),
          account: z.string(),
          role: z.string(),
        }),
      )
      .max(MAX_ROWS, `must have at most ${MAX_ROWS.toLocaleString('en-US')} rows`),
  }),
  output: z.object({
    problems: z.array(rowProblemSchema),
    /** The number of all problems; not all of them may be listed. */
    wrong: z.number(),
    warnings: z.array(z.string()),
  }),
  run: async (services, input) => {
    const biller = await requireBiller(services, input.biller);
    const checked = input.rows.map((row) => ({ row, problems: problemsOf(row) }));
    const right = checked.flatMap(({ row, problems }) => (problems.length === 0 ? [row] : []));
    await services.database.transaction(async (transaction) => {
      const { id } = requireUnderWay(await lockImport(transaction, input.import));
      await stageRows(transaction, id, right);
    });
    const all = checked.flatMap(({ problems }) => problems);
    return { ...shownProblems(all), warnings: roleWarnings(biller, right) };
  },
});
