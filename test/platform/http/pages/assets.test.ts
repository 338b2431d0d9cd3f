import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  apiDocsStylesheet,
  assets,
  autoSubmitScript,
  copyScript,
  findAccountScript,
  showPasswordScript,
  stylesheet,
} from '../../../../src/platform/http/pages/assets.ts';
import { layout } from '../../../../src/platform/http/pages/layout.ts';

test.each(assets)('$path carries the hash of its content', ({ path, body }) => {
  expect(path).toMatch(/^\/assets\/[a-z-]+\.[0-9a-f]{12}\.(?:css|js)$/);
  expect(path).toContain(createHash('sha256').update(body).digest('hex').slice(0, 12));
});

test('serves the stylesheets and the scripts with their media types', () => {
  const styles = [stylesheet, apiDocsStylesheet];
  expect(assets.slice(0, 2)).toEqual(styles);
  expect(assets.slice(2)).toEqual([autoSubmitScript, showPasswordScript, findAccountScript, copyScript]);
  for (const { contentType } of styles) expect(contentType).toBe('text/css; charset=utf-8');
  expect(new Set(assets.slice(2).map(({ contentType }) => contentType))).toEqual(
    new Set(['text/javascript; charset=utf-8']),
  );
});

test('the stylesheet loads nothing else', () => {
  expect(stylesheet.body.toString()).not.toMatch(/url\(|@import/);
});

test('a page links the stylesheet, and a script only if it asks for one', () => {
  const page = layout({ title: 'x', body: '' });
  expect(page).toContain(`href="${stylesheet.path}"`);
  expect(page).not.toContain('<script');
  expect(layout({ title: 'x', body: '', script: autoSubmitScript.path })).toContain(
    `<script src="${autoSubmitScript.path}" defer>`,
  );
});

test.each([
  ['City of Riverton Water', 'CR'],
  ['Évry', 'É'],
  ['The 3 Rivers', '3R'],
  ['of the', 'OT'],
  ['“Quoted” Water', 'W'],
  ['***', ''],
])('the monogram of %s is "%s"', (billerName, monogram) => {
  expect(layout({ title: 'x', billerName, body: '' })).toContain(`aria-hidden="true">${monogram}</span>`);
});
