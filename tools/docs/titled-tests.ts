/** A title that begins with lines of the checklist and ends with its source, in one of the three quotes. */
const TITLE = /(['"`])((\d{1,3}(?:, \d{1,3})*) (?:\\.|(?!\1).)*\(([^()]+(?:\([^()]*\)[^()]*)*)\))\1/g;

/** What keeps tests of Vitest from running, or from failing, and would leave their titles as a promise of nothing. */
const NOT_RUN =
  /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:skip|todo|only|fails|skipIf|runIf)\b|\b(?:skip|todo|only|fails): ?true\b|\.skip\(/;

/** Comments on lines of their own: a test that is commented out is none. */
const COMMENT = /^\s*(?:\/\/.*$|\/\*[\s\S]*?\*\/)/gm;

export interface TitledTest {
  readonly file: string;
  readonly title: string;
  readonly lines: readonly number[];
}

/**
 * Reads the titles that name lines of the checklist.
 *
 * @param file its path, for the reader @param source its text
 * @throws Error where a test of the file is skipped, left to do, singled out, or meant to fail
 */
export function titledTests(file: string, source: string): TitledTest[] {
  const code = source.replaceAll(COMMENT, '');
  const [notRun] = NOT_RUN.exec(code) ?? [];
  if (notRun !== undefined) throw new Error(`${file} has \`${notRun}\`: its titles can't stand for tests that hold`);
  return [...code.matchAll(TITLE)].map(([, , title = '', lines = '']) => ({
    file,
    title: title.replace(/^[\d, ]+/, '').replaceAll('\\', ''),
    lines: lines.split(', ').map(Number),
  }));
}
