import { CHECKLIST } from './checklist.ts';
import type { HeldCase, Reasons } from './held-cases.ts';
import { generatedPage } from './markdown.ts';

/** The path of the page in the repository. */
export const CONFORMANCE_PAGE = 'docs/conformance.md';

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
  'What an Identity Provider of this kind must do, the tests that prove it, and the source of each rule: a section of the SAML 2.0 standard, another standard, or a rule of this project. Each test names the lines that it proves; a full run of the tests fails unless exactly the tests listed here pass. An ellipsis stands for what differs between the cases of one test.';

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
 * @param cases the cases that name lines, in the order of each file
 */
export function conformancePage(cases: readonly HeldCase[], reasons: Reasons): string {
  const byFile = cases.toSorted((one, other) => (one.file < other.file ? -1 : one.file > other.file ? 1 : 0));
  const parts = Object.entries(CHECKLIST).map(([id, text]) => {
    const held = byFile.filter(({ holds }) => holds.includes(id));
    const items = grouped(held, ({ file }) => file).map(fileItem);
    const reason = reasons.get(id);
    if (reason !== undefined) items.push(`- Not tested: ${reason}`);
    return `**${id}. ${text}**\n\n${items.join('\n')}`;
  });
  return generatedPage('Conformance', 'the tests', [INTRODUCTION, ...parts], 'npm run docs:conformance');
}
