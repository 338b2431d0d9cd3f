import { describe, expect, test } from 'vitest';
import { titledTests } from '../../tools/docs/titled-tests.ts';
import { readPage } from './pages.ts';

// Lines are put in from here: what stands in this file must not be taken for titles of its own tests.
const [one, several] = ['13', '1, 102'];
const good = `test('${one} HEAD never issues (RFC 9110 9.3.2)', () => {});\n`;
const read = (source: string) => titledTests('test/x.test.ts', source);

test('a title with lines of the checklist and a source is read, in any quotes; another title is not', () => {
  const source = `${good}test.each([1])("${several} it's %s (SAML Core 1 (a))", () => {});\n  ['${one} a case (project rule)', 1],\ntest('none', () => {});`;
  expect(read(source)).toEqual([
    { file: 'test/x.test.ts', title: 'HEAD never issues (RFC 9110 9.3.2)', lines: [13] },
    { file: 'test/x.test.ts', title: "it's %s (SAML Core 1 (a))", lines: [1, 102] },
    { file: 'test/x.test.ts', title: 'a case (project rule)', lines: [13] },
  ]);
});

describe('a file in which a test does not run, or may fail, is refused', () => {
  test.each(
    ['skip', 'todo', 'only', 'fails', 'skipIf', 'runIf'].flatMap((word) => [
      good.replace('test', `test.${word}`),
      good.replace('test', `test.${word}.each([1])`),
      good.replace('test', `test.concurrent.${word}`),
      `describe.${word}('all', () => {\n  ${good}});`,
    ]),
  )('%s', (source) => {
    expect(() => read(good + source)).toThrow(
      /^test\/x\.test\.ts has `.+`: its titles can't stand for tests that hold$/,
    );
  });

  test.each(['skip', 'fails'])('the option %s', (word) => {
    expect(() => read(good.replace(', (', `, { ${word}: true }, (`))).toThrow(`has \`${word}: true\``);
  });

  test('from inside the test', () => {
    const call = ['context', 'skip()'].join('.');
    expect(() => read(good.replace('{}', `{ ${call}; }`))).toThrow("can't stand");
  });
});

test('a test that is commented out is none', () => {
  expect(read(`// ${good}  // ${good}/* ${good} */\n`)).toEqual([]);
});

test('the page lists every title of a line, and says of none that there are more', () => {
  const page = readPage('docs/conformance.md');
  expect(page).not.toMatch(/; and \d+ more/);
  for (const title of [
    'restored from the back/forward cache it does not post again, and the button works again (project rule)',
    'HEAD never issues (RFC 9110 9.3.2)',
  ]) {
    expect(page).toContain(title);
  }
});
