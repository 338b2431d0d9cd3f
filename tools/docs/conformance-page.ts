import { CHECKLIST } from './checklist.ts';
import { generatedPage } from './markdown.ts';

/** One test case of a run that names lines of the checklist. */
export interface HeldCase {
  /** Path in the repository. */
  readonly file: string;
  /** The titles of its suites and its own, joined by " > ". */
  readonly title: string;
  /** The position of the test in its file, e.g. 12:3. The cases of one parametrized test share it. */
  readonly at: string;
  readonly holds: readonly string[];
  readonly source: string;
}

/** Lines that no test covers, with the reason. */
export type Reasons = ReadonlyMap<string, string>;

/** @param text test/NOT-TESTED.md @returns the rows of its table */
export function readReasons(text: string): Reasons {
  return new Map(
    [...text.matchAll(/^\| (IDP-\d{3}) +\| (.+?) +\|$/gm)].map(([, id = '', reason = '']) => [id, reason]),
  );
}

/**
 * Checks that every line of the checklist has a test that passed, or a reason why there is none.
 *
 * @param passed the cases that passed
 * @returns one sentence for each line that has neither or both, and for each id that is not on the checklist
 */
export function conformanceProblems(passed: readonly HeldCase[], reasons: Reasons): string[] {
  const held = new Set(passed.flatMap(({ holds }) => holds));
  const lines = Object.keys(CHECKLIST);
  const unknown = [...held, ...reasons.keys()].filter((id) => !lines.includes(id));
  return [
    ...unknown.map((id) => `${id} is not a line of tools/docs/checklist.ts.`),
    ...lines.flatMap((id) => {
      if (held.has(id) && reasons.has(id))
        return `${id} has a passing test; remove its reason from test/NOT-TESTED.md.`;
      if (held.has(id) || reasons.has(id)) return [];
      return `${id} has no passing test. Add one with { meta: { holds: ['${id}'] } }, or a reason to test/NOT-TESTED.md.`;
    }),
  ];
}

const INTRODUCTION =
  'What an Identity Provider of this kind must do, the tests that prove it, and the source of each rule: a section of the SAML 2.0 standard, another standard, or a rule of this project. The page is made from a full run of the tests; a test that failed or was skipped is not listed. An ellipsis stands for what differs between the cases of one test.';

/** Escapes what Markdown would take for markup. */
const escaped = (text: string) => text.replace(/[\\`*_<>[\]|~]/g, '\\$&');

/** The longest run of leading words that all titles share. */
function sharedWords(titles: readonly string[][]): string[] {
  const [first = []] = titles;
  const end = first.findIndex((word, index) => titles.some((words) => words[index] !== word));
  return end === -1 ? first : first.slice(0, end);
}

/** One title for all cases of a test: the words that they share, with an ellipsis for the rest. */
export function joinedTitle(titles: readonly string[]): string {
  const [first = '', ...more] = titles;
  if (more.length === 0) return escaped(first);
  const words = titles.map((title) => title.split(' '));
  const start = sharedWords(words);
  const end = sharedWords(words.map((each) => each.slice(start.length).reverse())).reverse();
  const shared = [...start, '…', ...end].join(' ');
  if (start.length + end.length === 0) return `${titles.length} cases, such as: ${escaped(first)}`;
  return `${escaped(new Set(titles).size === 1 ? first : shared)} (${titles.length} cases)`;
}

function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()];
}

/** One item for a file, with the titles of its tests. */
function fileItem(cases: readonly HeldCase[]): string {
  const titles = grouped(cases, ({ at }) => at).map((same) => {
    const sources = [...new Set(same.map(({ source }) => source))].sort();
    return `${joinedTitle(same.map(({ title }) => title))} (${sources.map(escaped).join('; ')})`;
  });
  const file = cases[0]?.file ?? '';
  const link = `- [${file.replace(/^test\//, '')}](../${file})`;
  return titles.length === 1 ? `${link}: ${titles[0]}` : [link, ...titles].join('\n  - ');
}

/**
 * Writes docs/conformance.md: each line of the checklist with the tests that hold it.
 *
 * @param passed the cases that passed, in the order of each file
 */
export function conformancePage(passed: readonly HeldCase[], reasons: Reasons): string {
  const byFile = passed.toSorted((one, other) => (one.file < other.file ? -1 : one.file > other.file ? 1 : 0));
  const parts = Object.entries(CHECKLIST).map(([id, text]) => {
    const cases = byFile.filter(({ holds }) => holds.includes(id));
    const items = grouped(cases, ({ file }) => file).map(fileItem);
    const reason = reasons.get(id);
    if (reason !== undefined) items.push(`- Not tested: ${reason}`);
    return `**${id}. ${text}**\n\n${items.join('\n')}`;
  });
  return generatedPage('Conformance', 'a full run of the tests', [INTRODUCTION, ...parts], 'npm run docs:conformance');
}
