import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHECKLIST } from './checklist.ts';
import { generatedPage } from './markdown.ts';
import { type TitledTest, titledTests } from './titled-tests.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** @returns every test in the tree that names lines of the checklist */
function readTests(): TitledTest[] {
  return globSync('test/**/*.test.ts', { cwd: CHECKOUT })
    .sort()
    .flatMap((file) => titledTests(file, readFileSync(`${CHECKOUT}${file}`, 'utf8')));
}

/** Lines that no test holds, with the reason: the table of test/NOT-TESTED.md. */
function readReasons(): Map<number, string> {
  const rows = readFileSync(`${CHECKOUT}test/NOT-TESTED.md`, 'utf8').matchAll(/^\| (\d+) +\| (.+?) +\|$/gm);
  return new Map([...rows].map(([, line, reason = '']) => [Number(line), reason]));
}

const INTRODUCTION =
  'What an Identity Provider of this kind must do, and the tests that hold it, with their sources: a section of the SAML 2.0 standard, another standard, or a rule of this project. `%s` and the like stand for the cases that a test goes through. None of these tests is skipped.';

/** Letters that Markdown would take for its own. */
const escaped = (text: string) => text.replace(/[\\`*_<>[\]|~]/g, '\\$&');

/** One item a file, with all of its titles. */
function testItems(held: readonly TitledTest[]): string[] {
  return [...new Set(held.map(({ file }) => file))].map((file) => {
    const titles = new Set(held.filter((test) => test.file === file).map(({ title }) => escaped(title)));
    const link = `- [${file.replace('test/', '')}](../${file})`;
    return titles.size === 1 ? `${link}: ${[...titles]}` : [link, ...titles].join('\n  - ');
  });
}

/**
 * Writes docs/conformance.md: each line of the checklist with the tests that hold it.
 *
 * @throws Error where a line has neither a test nor a reason, or both
 */
export function conformancePage(): string {
  const tests = readTests();
  const reasons = readReasons();
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
