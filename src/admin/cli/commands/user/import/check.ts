import { nameField } from '../../../../../platform/errors/idp-error.ts';
import type { OperationResult } from '../../../../operations/registry.ts';
import type { Run } from '../../../operate.ts';
import { COLUMNS, type Problem, readRows } from './read-rows.ts';

/** What is listed of each; the rest is counted. */
const MAX_PROBLEMS = 100;
const MAX_EXAMPLES = 10;
const MAX_WARNINGS = 10;
const ROWS_PER_PROGRESS = 50_000;
const USERS_PER_PROGRESS = 20_000;

type RowProblem = OperationResult<'user.import-rows'>['problems'][number];
type Example = OperationResult<'user.import-users'>['examples'][number];

const problemOf = ({ line, field, given, complaint }: RowProblem): Problem => {
  const column = COLUMNS[field];
  return { line, column, problem: `${nameField(column, given, complaint)}.` };
};

/** What an import would do, or has done. */
export interface Counts {
  added: number;
  updated: number;
  unchanged: number;
  removed: number;
}
export const noCounts = (): Counts => ({ added: 0, updated: 0, unchanged: 0, removed: 0 });
export const usersIn = ({ added, updated, unchanged }: Counts) => added + updated + unchanged;

/** A part of the work, as the command does it. */
export interface Work {
  readonly run: Run;
  readonly biller: string;
  /** The ID of the import. */
  readonly id: string;
  readonly say: (line: string) => void;
  readonly isStopped: () => boolean;
}

/** Everything that was found out about a file. */
export interface Checked {
  readonly rows: number;
  readonly problems: readonly Problem[];
  /** The number of all problems. */
  readonly wrong: number;
  readonly warnings: readonly string[];
  readonly counts: Counts;
  readonly examples: readonly Example[];
  readonly removedExamples: readonly string[];
}

const inWords = (count: number) => count.toLocaleString('en-US');

/** Says how far it is, now and then. */
function createProgress(say: (line: string) => void, every: number, line: (count: number) => string) {
  let said = 0;
  return (count: number) => {
    if (count - said < every) return;
    said = count;
    say(line(count));
  };
}

/**
 * Goes through all users of the import, page by page, until it is stopped.
 *
 * @param apply whether each page is done
 * @param total of the users in the file, if it is known
 */
export async function goThroughUsers(
  { run, id, say, isStopped }: Work,
  apply: boolean,
  counts: Counts,
  total?: number,
): Promise<Pick<Checked, 'wrong' | 'problems' | 'examples'>> {
  const [problems, examples]: [Problem[], Example[]] = [[], []];
  let [wrong, after]: [number, string | null] = [0, ''];
  const of = total === undefined ? '' : `/${inWords(total)}`;
  const progress = createProgress(
    say,
    USERS_PER_PROGRESS,
    (count) => `[${inWords(count)}${of}] ${apply ? 'done' : 'users compared'}`,
  );
  while (after !== null && !isStopped()) {
    const page: OperationResult<'user.import-users'> = await run('user.import-users', { import: id, after, apply });
    counts.added += page.added;
    counts.updated += page.updated;
    counts.unchanged += page.unchanged;
    wrong += page.wrong;
    problems.push(...page.problems.slice(0, MAX_PROBLEMS - problems.length).map(problemOf));
    examples.push(...page.examples.slice(0, MAX_EXAMPLES - examples.length));
    after = page.next;
    progress(usersIn(counts));
  }
  return { wrong, problems, examples };
}

/** The same for the users of the source who are not in the file. */
export async function goThroughOthers(
  { run, id, say, isStopped }: Work,
  apply: boolean,
  counts: Counts,
): Promise<string[]> {
  const examples: string[] = [];
  let after: string | null = '';
  const progress = createProgress(say, USERS_PER_PROGRESS, (count) => `${inWords(count)} removed`);
  while (after !== null && !isStopped()) {
    const page: OperationResult<'user.import-others'> = await run('user.import-others', { import: id, after, apply });
    counts.removed += page.removed;
    examples.push(...page.examples.slice(0, MAX_EXAMPLES - examples.length));
    after = page.next;
    if (apply) progress(counts.removed);
  }
  return examples;
}

/** Reads a whole file and puts its rows by. */
async function readFile({ run, biller, id, say, isStopped }: Work, file: string) {
  const problems: Problem[] = [];
  const warnings = new Set<string>();
  let [rows, wrong] = [0, 0];
  const progress = createProgress(say, ROWS_PER_PROGRESS, (count) => `${inWords(count)} rows read`);
  for await (const part of readRows(file)) {
    if (isStopped()) break;
    const staged = await run('user.import-rows', { biller, import: id, rows: [...part.rows] });
    const all = [...part.problems, ...staged.problems.map(problemOf)].toSorted((one, other) => one.line - other.line);
    problems.push(...all.slice(0, MAX_PROBLEMS - problems.length));
    wrong += part.problems.length + staged.wrong;
    for (const warning of staged.warnings) if (warnings.size < MAX_WARNINGS) warnings.add(warning);
    rows += part.rows.length;
    progress(rows);
  }
  return { rows, problems, wrong, warnings: [...warnings] };
}

/**
 * Reads a whole file, and finds out what is wrong with it or what it would change. Changes nothing.
 *
 * @param replace whether users who are not in it are to be removed
 * @throws InputError if it can't be read at all
 */
export async function checkFile(work: Work, file: string, replace: boolean): Promise<Checked> {
  const read = await readFile(work, file);
  const counts = noCounts();
  const compared = await goThroughUsers(work, false, counts);
  const none = read.rows === 0 && read.wrong === 0 ? [{ line: 1, problem: 'there is no user in the file.' }] : [];
  const wrong = read.wrong + compared.wrong + none.length;
  // What is wrong in a file would look like a user who is missing.
  const removedExamples = replace && wrong === 0 ? await goThroughOthers(work, false, counts) : [];
  const problems = [...read.problems, ...none, ...compared.problems].slice(0, MAX_PROBLEMS);
  return {
    ...read,
    problems: problems.toSorted((one, other) => one.line - other.line),
    wrong,
    counts,
    examples: compared.examples,
    removedExamples,
  };
}
