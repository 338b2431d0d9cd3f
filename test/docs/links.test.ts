import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, linksOf, PAGES, ROOT, readPage } from './pages.ts';

const isExternal = (target: string) => /^[a-z][a-z+.-]*:/.test(target);

test('links are found in Markdown and in HTML, and not in code', () => {
  const page = '[a](b.md#c) ![d](e.svg) <img src="f.png"> `[g](h.md)`\n```sh\n[i](j.md)\n```\n';
  expect(linksOf(page)).toEqual(['b.md#c', 'e.svg', 'f.png']);
  expect(anchorsOf('# Way of one sign-on\n## 2. It’s `here`, now\n')).toEqual(['way-of-one-sign-on', '2-its-here-now']);
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
});
