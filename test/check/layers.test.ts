import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** One file in each place, and the places whose files it may import. Every other import must fail the check. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/platform/http/a.ts': ['src/platform/errors/a.ts'],
  'src/platform/errors/a.ts': ['src/platform/http/a.ts'],
  'src/protocols/saml/a.ts': ['src/platform/errors/a.ts'],
  'src/core/keys/a.ts': ['src/platform/http/a.ts', 'src/platform/errors/a.ts', 'src/protocols/saml/a.ts'],
  'src/diagnostics/traces/a.ts': [
    'src/platform/http/a.ts',
    'src/platform/errors/a.ts',
    'src/protocols/saml/a.ts',
    'src/core/keys/a.ts',
  ],
  'src/integrations/webhooks/a.ts': [
    'src/platform/http/a.ts',
    'src/platform/errors/a.ts',
    'src/protocols/saml/a.ts',
    'src/core/keys/a.ts',
  ],
  'src/endpoints/launch/a.ts': [
    'src/platform/http/a.ts',
    'src/platform/errors/a.ts',
    'src/protocols/saml/a.ts',
    'src/core/keys/a.ts',
    'src/diagnostics/traces/a.ts',
    'src/integrations/webhooks/a.ts',
  ],
  'src/admin/operations/a.ts': [
    'src/platform/http/a.ts',
    'src/platform/errors/a.ts',
    'src/protocols/saml/a.ts',
    'src/core/keys/a.ts',
    'src/diagnostics/traces/a.ts',
    'src/integrations/webhooks/a.ts',
  ],
  'sandbox/a.ts': [],
};

/** Places that none of them may import. */
const NEVER_IMPORTED = [
  'src/main.ts',
  'src/app.ts',
  'src/installation.ts',
  'src/config.ts',
  'demo/a.ts',
  'tools/docs/a.ts',
  'bench/a.ts',
  'stress/a.ts',
  'test/support/a.ts',
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ic-idp-layers-'));
  for (const file of ['biome.json', '.gitignore']) copyFileSync(join(ROOT, file), join(folder, file));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** @returns the specifier from one file to another */
function specifier(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** Runs the linter of `npm run check`. @returns what it found, one "file: rule" a finding */
function lint(rule: string): { readonly file: string; readonly message: string }[] {
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const options = ['lint', `--only=${rule}`, '--error-on-warnings', '--max-diagnostics=none', '--reporter=json', '.'];
  const done = spawnSync(biome, options, { cwd: folder, encoding: 'utf8' });
  const report = JSON.parse(done.stdout) as {
    readonly diagnostics: { readonly location: { readonly path: string }; readonly message: string }[];
  };
  expect(done.status).toBe(report.diagnostics.length === 0 ? 0 : 1);
  return report.diagnostics.map(({ location, message }) => ({ file: location.path, message }));
}

const all = [...Object.keys(MAY_IMPORT), ...NEVER_IMPORTED];
const forbidden = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) =>
  all.filter((to) => to !== from && !allowed.includes(to)).map((to) => [from, to] as const),
);

describe('an import that points up fails the check', () => {
  test('of values and of types, from every place to every place above it, and no other', () => {
    const expected: string[] = [];
    for (const to of all) write(to, 'export const value = 1;\n');
    for (const [from, allowed] of Object.entries(MAY_IMPORT)) {
      for (const [index, to] of all.entries()) {
        if (to === from) continue;
        const kind = index % 2 === 0 ? 'export {' : 'export type {';
        const path = from.replace('a.ts', `imports-${index}.ts`);
        write(path, `${kind} value } from '${specifier(path, to)}';\n`);
        if (!allowed.includes(to)) expected.push(path);
      }
    }
    expect(expected).toHaveLength(forbidden.length);
    const found = lint('style/noRestrictedImports');
    expect(found.map(({ file }) => file).sort()).toEqual(expected.sort());
  });

  test('the command line may open an installation; it may not reach for the server', () => {
    write('src/admin/cli/opens.ts', `export type { A } from '../../installation.ts';\n`);
    write('src/admin/cli/serves.ts', `export type { A } from '../../app.ts';\n`);
    const found = lint('style/noRestrictedImports').map(({ file }) => file);
    expect(found).toContain('src/admin/cli/serves.ts');
    expect(found).not.toContain('src/admin/cli/opens.ts');
  });
});

test('a circle of imports fails the check, also one of types', () => {
  write('src/core/keys/one.ts', `import type { Two } from './two.ts';\nexport type One = Two;\n`);
  write('src/core/keys/two.ts', `import type { One } from './one.ts';\nexport type Two = One;\n`);
  const found = lint('suspicious/noImportCycles').map(({ file }) => file);
  expect(found).toEqual(expect.arrayContaining(['src/core/keys/one.ts', 'src/core/keys/two.ts']));
});
