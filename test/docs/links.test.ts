import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, linksOf, PAGES, pathsOf, ROOT, readPage } from './pages.ts';

const isExternal = (target: string) => /^[a-z][a-z+.-]*:/.test(target);

test('links are found in Markdown and in HTML, and not in code', () => {
  const page = '[a](b.md#c) ![d](e.svg) <img src="f.png"> `[g](h.md)`\n```sh\n[i](j.md)\n```\n';
  expect(linksOf(page)).toEqual(['b.md#c', 'e.svg', 'f.png']);
  expect(anchorsOf('# Way of one sign-on\n## 2. It’s `here`, now\n')).toEqual(['way-of-one-sign-on', '2-its-here-now']);
});

test('paths are found in inline code, and not in blocks', () => {
  expect(pathsOf('`src/app.ts`, `test/core/`, `src/<a>`, `npm test -- test/x`\n```sh\n`src/b.ts`\n```\n')).toEqual([
    'src/app.ts',
    'test/core/',
  ]);
});

describe.each(PAGES)('%s', (path) => {
  test('has only links that lead somewhere', () => {
    for (const target of linksOf(readPage(path)).filter((each) => !isExternal(each))) {
      const [file = '', anchor] = target.split('#');
      const page = file === '' ? path : normalize(join(dirname(path), file));
      expect(existsSync(join(ROOT, page)), `${target} in ${path}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readPage(page)), `${target} in ${path}`).toContain(anchor);
    }
  });
  test('names only files and folders that exist', () => {
    expect(pathsOf(readPage(path)).filter((each) => !existsSync(join(ROOT, each)))).toEqual([]);
  });
});

test('the architecture page walks through one sign-on and one key activation, file by file', () => {
  const walks = readPage('docs/architecture.md')
    .split(/^## /m)
    .filter((section) => /^One .*, file by file\n/.test(section));
  expect(walks).toHaveLength(2);
  for (const walk of walks) expect(pathsOf(walk).length).toBeGreaterThan(10);
});

test('every decision is listed, has its three parts, and fits on a page', () => {
  const decisions = PAGES.filter((path) => path.startsWith('docs/decisions/'));
  const listed = linksOf(readPage('docs/architecture.md')).filter((target) => target.startsWith('decisions/'));
  expect([...new Set(listed)].map((target) => `docs/${target}`).sort()).toEqual(decisions.toSorted());
  for (const path of decisions) {
    const page = readPage(path);
    const number = Number(/(\d{4})-/.exec(path)?.[1]);
    expect(page).toMatch(
      new RegExp(
        `^# ${number}\\. .+\n\n\\*\\*Context\\.\\*\\*[^]+\\*\\*Decision\\.\\*\\*[^]+\\*\\*Consequences\\.\\*\\*`,
      ),
    );
    expect(page.split('\n').length, path).toBeLessThanOrEqual(40);
  }
});
