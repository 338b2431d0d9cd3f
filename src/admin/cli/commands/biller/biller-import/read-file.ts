import { InputError } from '../../../../../platform/errors/idp-error.ts';
import { decodeText, TextError } from '../../../../../platform/util/decode-text.ts';
import { CsvError, readCsv } from '../../../csv/read-csv.ts';
import { separatorProblem } from '../../../csv/separator.ts';
import { unguardCell } from '../../../csv/write-csv.ts';
import { isCertificateText } from '../../../options/certificate-text.ts';
import { readBytes } from '../../../read-input.ts';
import { isColumn, REPEATABLE, SHEET_COLUMNS } from './columns.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/** Something wrong with the file, to be reported with everything else that is. */
export interface Problem {
  /** e.g. "line 3" */
  readonly place: string;
  readonly column?: string;
  /** A sentence that names the column. */
  readonly problem: string;
}

/** One biller in the file, as text. */
export interface Entry {
  readonly place: string;
  /** The values of each column that is not empty: one, or several if it is repeatable. */
  readonly cells: ReadonlyMap<string, readonly string[]>;
  /** Of a JSON file: settings by their names in `ic-idp biller show --json`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface FileContent {
  readonly entries: readonly Entry[];
  readonly problems: readonly Problem[];
}

const quoted = (text: string) => `"${text.slice(0, 100)}"`;

function valuesOf(column: string, cell: string): string[] {
  // A certificate has lines of its own.
  const one = !REPEATABLE.has(column) || isCertificateText(cell);
  const values = one ? [cell.trim()] : cell.split(/[\r\n]+/).map((line) => line.trim());
  return values.filter((value) => value !== '');
}

function headingProblems(heading: readonly string[], place: string): Problem[] {
  const separated = separatorProblem(heading);
  if (separated !== undefined) return [{ place, problem: separated }];
  return heading.flatMap((column, position) => {
    if (column === '') return [{ place, problem: `column ${position + 1} has no name.` }];
    if (heading.indexOf(column) < position)
      return [{ place, column, problem: `the column ${quoted(column)} is there twice.` }];
    if (isColumn(column)) return [];
    const problem = `there is no column ${quoted(column)}; columns are named like the options of \`ic-idp biller add\`, without dashes in front.`;
    return [{ place, column, problem }];
  });
}

function fromCsv(text: string): FileContent {
  const [first, ...records] = readCsv(text);
  if (first === undefined) return { entries: [], problems: [{ place: 'line 1', problem: 'the file is empty.' }] };
  const heading = first.fields.map((name) => name.trim());
  const problems = headingProblems(heading, `line ${first.line}`);
  const entries: Entry[] = [];
  for (const { line, fields } of records) {
    // Spreadsheets write rows of commas below the last one.
    if (fields.every((field) => field.trim() === '')) continue;
    const place = `line ${line}`;
    if (fields.length !== heading.length) {
      problems.push({ place, problem: `has ${fields.length} fields; the heading has ${heading.length}.` });
      continue;
    }
    const cells = heading.flatMap((column, position) => {
      const values = isColumn(column) ? valuesOf(column, unguardCell(fields[position] ?? '')) : [];
      return values.length > 0 ? [[column, values] as const] : [];
    });
    entries.push({ place, cells: new Map(cells), settings: {} });
  }
  return { entries, problems };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns undefined if a value is neither text, number nor yes or no, nor a list of them where one is accepted */
function jsonValues(column: string, value: unknown): string[] | undefined {
  if (Array.isArray(value) && REPEATABLE.has(column)) {
    return value.every((each) => typeof each === 'string') ? value : undefined;
  }
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'string' ? [value] : undefined;
}

function fromJson(text: string): FileContent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { entries: [], problems: [{ place: 'the file', problem: `is not JSON: ${(error as Error).message}.` }] };
  }
  if (!Array.isArray(value))
    return { entries: [], problems: [{ place: 'the file', problem: 'must be a list: [{...}, ...].' }] };
  const problems: Problem[] = [];
  const entries = value.map((one: unknown, position): Entry => {
    const place = `entry ${position + 1}`;
    const cells = new Map<string, readonly string[]>();
    if (!isObject(one)) problems.push({ place, problem: 'must be an object: {"slug": ..., ...}.' });
    const { settings = {}, ...fields } = isObject(one) ? one : {};
    if (!isObject(settings)) problems.push({ place, column: 'settings', problem: 'settings: must be an object.' });
    for (const [column, given] of Object.entries(fields)) {
      const values = jsonValues(column, given);
      if (!isColumn(column)) problems.push({ place, column, problem: `there is no field ${quoted(column)}.` });
      else if (values === undefined)
        problems.push({ place, column, problem: `${column}: must be text, a number, true or false.` });
      else if (values.length > 0) cells.set(column, values);
    }
    return { place, cells, settings: isObject(settings) ? settings : {} };
  });
  return { entries, problems };
}

/**
 * Reads a file of billers: CSV, or JSON if its name ends so or it begins like that.
 *
 * @throws InputError if it can't be read at all
 */
export async function readBillerFile(file: string): Promise<FileContent> {
  const bytes = await readBytes('<file>', file, MAX_BYTES);
  let text: string;
  try {
    text = decodeText(bytes);
  } catch (error) {
    if (error instanceof TextError) throw new InputError(`<file> "${file}" ${error.message}.`);
    throw error;
  }
  try {
    const content = /\.json$/i.test(file) || /^\s*[[{]/.test(text) ? fromJson(text) : fromCsv(text);
    for (const { cells } of content.entries)
      for (const name of SHEET_COLUMNS) (cells as Map<string, unknown>).delete(name);
    return content;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { entries: [], problems: [{ place: `line ${error.line}`, problem: `${error.message}.` }] };
  }
}
