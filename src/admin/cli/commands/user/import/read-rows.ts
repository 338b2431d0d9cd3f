import { InputError } from '../../../../../platform/errors/idp-error.ts';
import { showValue } from '../../../../../platform/errors/show-value.ts';
import { decodeParts, TextError } from '../../../../../platform/util/decode-text.ts';
import type { OperationInput } from '../../../../operations/registry.ts';
import { CsvError, type CsvRecord } from '../../../csv/read-csv.ts';
import { readCsvParts } from '../../../csv/read-csv-parts.ts';
import { separatorProblem } from '../../../csv/separator.ts';
import { readParts } from '../../../read-input.ts';

type Row = OperationInput<'user.import-rows'>['rows'][number];

/** Something wrong with the file: where, and a sentence that names the column. */
export interface Problem {
  readonly line: number;
  readonly column?: string;
  readonly problem: string;
}

/** The columns, by the fields that they give. */
export const COLUMNS = { externalId: 'external-id', email: 'email', account: 'account', role: 'role' } as const;
const FIELDS = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const IN_WORDS = Object.values(COLUMNS).join(', ');

/** How many rows are handed on at a time. */
const ROWS_AT_ONCE = 5_000;

/** `External ID` and `external_id` are external-id too. */
const columnOf = (name: string) =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]/g, '-')
    .replace(/^externalid$/, 'external-id');

interface Heading {
  /** The position of each field in a record. */
  readonly at: Readonly<Record<keyof typeof COLUMNS, number>>;
  readonly fields: number;
  readonly problems: readonly Problem[];
}

function readHeading({ line, fields }: CsvRecord): Heading {
  const names = fields.map(columnOf);
  const separated = separatorProblem(fields);
  const at = Object.fromEntries(FIELDS.map((field) => [field, names.indexOf(COLUMNS[field])])) as Heading['at'];
  if (separated !== undefined) return { at, fields: names.length, problems: [{ line, problem: separated }] };
  const strange = names.flatMap((name, position): Problem[] => {
    const shown = `"${showValue(fields[position] ?? '', false)}"`;
    if (!Object.values<string>(COLUMNS).includes(name)) {
      return [{ line, problem: `there is no column ${shown}; the columns must be ${IN_WORDS}.` }];
    }
    return names.indexOf(name) < position
      ? [{ line, column: name, problem: `the column ${shown} is there twice.` }]
      : [];
  });
  const missing = FIELDS.filter((field) => at[field] < 0).map((field) => {
    const column = COLUMNS[field];
    return { line, column, problem: `the column ${column} is missing; the first line must name ${IN_WORDS}.` };
  });
  return { at, fields: names.length, problems: [...strange, ...missing] };
}

/** Rows of the file, and what is wrong with it so far. */
export interface Part {
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
}

function readRecord({ line, fields }: CsvRecord, heading: Heading): Row | Problem {
  if (fields.length !== heading.fields) {
    return { line, problem: `has ${fields.length} fields; the first line has ${heading.fields}.` };
  }
  const value = (field: keyof typeof COLUMNS) => fields[heading.at[field]] ?? '';
  return {
    line,
    externalId: value('externalId'),
    email: value('email'),
    account: value('account'),
    role: value('role'),
  };
}

/** Spreadsheets write rows of commas below the last one. */
const isEmpty = ({ fields }: CsvRecord) => fields.every((field) => field.trim() === '');

async function* readParted(file: string): AsyncGenerator<Part> {
  let heading: Heading | undefined;
  let rows: Row[] = [];
  let problems: Problem[] = [];
  for await (const records of readCsvParts(decodeParts(readParts('<file>', file)))) {
    for (const record of records) {
      if (heading === undefined) {
        heading = readHeading(record);
        // Without its columns, nothing else can be said of the file.
        if (heading.problems.length > 0) return yield { rows, problems: heading.problems };
        continue;
      }
      if (isEmpty(record)) continue;
      const read = readRecord(record, heading);
      if ('problem' in read) problems.push(read);
      else rows.push(read);
      if (rows.length < ROWS_AT_ONCE && problems.length < ROWS_AT_ONCE) continue;
      yield { rows, problems };
      [rows, problems] = [[], []];
    }
  }
  if (heading === undefined) {
    problems.push({ line: 1, problem: `the file is empty; its first line must name the columns: ${IN_WORDS}.` });
  }
  yield { rows, problems };
}

/**
 * Reads a file of users, some thousand rows at a time.
 *
 * @param file a path, or - for standard input
 * @throws InputError if it can't be read, is no text, or was changed in the meantime
 */
export async function* readRows(file: string): AsyncGenerator<Part> {
  try {
    yield* readParted(file);
  } catch (error) {
    if (error instanceof TextError) throw new InputError(`<file> "${file}" ${error.message}.`);
    if (!(error instanceof CsvError)) throw error;
    const problem = `${error.message}. What follows was not checked.`;
    yield { rows: [], problems: [{ line: error.line, problem }] };
  }
}
