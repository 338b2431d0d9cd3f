import { dirname } from 'node:path';
import { nameField } from '../../../../../platform/errors/idp-error.ts';
import type { OperationResult } from '../../../../operations/registry.ts';
import type { Run } from '../../../operate.ts';
import { columnOf } from './columns.ts';
import { type Problem, readBillerFile } from './read-file.ts';
import { lacksProvider, type Row, readRows } from './rows.ts';

type Planned = OperationResult<'biller.plan-import'>[number];

/** A row, and what its import would do. */
export interface CheckedRow {
  readonly biller: Record<string, unknown>;
  readonly planned: Planned;
}

const HINTS: Readonly<Record<string, string>> = {
  service_provider_missing: ' Give sp-metadata, or entity-id and acs.',
  service_provider_of_another_biller: ' If that is right, confirm it with --yes.',
};
/** Consequences of a Service Provider that could not be read. */
const ABOUT_PROVIDER = /^(service_provider_(missing|twice|incomplete)|request_signature_|encryption_|sp_metadata_)/;

function problemsOf(row: Row, { place, problems }: Planned): Problem[] {
  const known = new Set(row.problems.map(({ column }) => column?.split(' ')[0]));
  const fresh = problems.flatMap(({ field, given, complaint, code }) => {
    const column = field === undefined ? undefined : columnOf(field);
    // One complaint about a column is enough, and a field that could not be read is not missing.
    if (column !== undefined && known.has(column.split(' ')[0])) return [];
    if (lacksProvider(row) && ABOUT_PROVIDER.test(code)) return [];
    const problem = `${nameField(column, given, complaint)}${HINTS[code] ?? ''}`;
    return [{ place, ...(column === undefined ? {} : { column }), problem }];
  });
  return [...row.problems, ...fresh];
}

/**
 * Reads and checks a whole file, with every file and URL that it names. Changes nothing.
 *
 * @param yes it is right that some have the same Service Provider as others
 * @returns its rows, and all that is wrong
 * @throws InputError if the file can't be read at all
 */
export async function checkFile(
  run: Run,
  file: string,
  yes: boolean,
): Promise<{ rows: CheckedRow[]; problems: Problem[] }> {
  const { entries, problems } = await readBillerFile(file);
  const rows = await readRows(entries, dirname(file));
  if (rows.length === 0) {
    const none = { place: 'the file', problem: 'there is no biller in it.' };
    return { rows: [], problems: problems.length > 0 ? [...problems] : [none] };
  }
  const input = rows.map(({ place, biller }) => ({ place, biller }));
  const plan = await run('biller.plan-import', { rows: input, sameServiceProvider: yes });
  const checked = rows.map((row, position) => ({ row, planned: plan[position] as Planned }));
  return {
    rows: checked.map(({ row: { biller }, planned }) => ({ biller, planned })),
    problems: [...problems, ...checked.flatMap(({ row, planned }) => problemsOf(row, planned))],
  };
}
