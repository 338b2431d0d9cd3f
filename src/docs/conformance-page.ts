import { globSync, readFileSync } from 'node:fs';
import { CHECKLIST } from './checklist.ts';
import { generatedPage } from './markdown.ts';

/** A title that begins with lines of the checklist and ends with its source, in one of the three quotes. */
const TITLE = /(['"`])((\d{1,3}(?:, \d{1,3})*) (?:\\.|(?!\1).)*\(([^()]+(?:\([^()]*\)[^()]*)*)\))\1/g;

interface TitledTest {
  readonly file: string;
  readonly title: string;
  readonly lines: readonly number[];
}

/** @returns every test in the tree that names lines of the checklist */
function readTests(root: string): TitledTest[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .sort()
    .flatMap((file) =>
      [...readFileSync(`${root}/${file}`, 'utf8').matchAll(TITLE)].map(([, , title = '', lines = '']) => ({
        file,
        title: title.replace(/^[\d, ]+/, '').replaceAll('\\', ''),
        lines: lines.split(', ').map(Number),
      })),
    );
}

/** Lines that no test holds, with the reason: the table of test/NOT-TESTED.md. */
function readReasons(root: string): Map<number, string> {
  const rows = readFileSync(`${root}/test/NOT-TESTED.md`, 'utf8').matchAll(/^\| (\d+) +\| (.+?) +\|$/gm);
  return new Map([...rows].map(([, line, reason = '']) => [Number(line), reason]));
}

const INTRODUCTION =
  'What an Identity Provider of this kind must do, and the tests that hold it, with their sources: a section of the SAML 2.0 standard, another standard, or a rule of this project.';

/** Letters that Markdown would take for its own. */
const escaped = (text: string) => text.replace(/[\\`*_<>[\]|~]/g, '\\$&');

/** One item a file: its first test, and how many more there are. */
function testItems(held: readonly TitledTest[]): string[] {
  return [...new Set(held.map(({ file }) => file))].map((file) => {
    const [first = '', ...others] = held.filter((test) => test.file === file).map(({ title }) => title);
    const more = others.length === 0 ? '' : `; and ${others.length} more`;
    return `- [${file.replace('test/', '')}](../${file}): ${escaped(first)}${more}`;
  });
}

/**
 * Writes docs/conformance.md: each line of the checklist with the tests that hold it.
 *
 * @throws Error where a line has neither a test nor a reason, or both
 */
export function conformancePage(root: string): string {
  const tests = readTests(root);
  const reasons = readReasons(root);
  const parts = Object.entries(CHECKLIST).map(([line, text]) => {
    const held = tests.filter(({ lines }) => lines.includes(Number(line)));
    const reason = reasons.get(Number(line));
    if (held.length === 0 && reason === undefined) {
      throw new Error(`line ${line} has no test, and no reason in test/NOT-TESTED.md`);
    }
    if (held.length > 0 && reason !== undefined) throw new Error(`line ${line} has both a test and a reason`);
    const items = reason === undefined ? testItems(held) : [`- Not tested: ${reason}`];
    return `**${line}. ${text}**\n\n${items.join('\n')}`;
  });
  return generatedPage('Conformance', 'the titles of the tests', [INTRODUCTION, ...parts]);
}
