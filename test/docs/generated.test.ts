import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portalSettings } from '../../sandbox/portal/settings.ts';
import { sandboxSettings } from '../../sandbox/settings.ts';
import { ENVIRONMENT_ONLY, readSettings, settingsSchema } from '../../src/config.ts';
import { auditCatalog } from '../../src/core/audit/events.ts';
import { billerSettingsSchema } from '../../src/core/billers/settings.ts';
import { errorCatalog } from '../../src/platform/errors/catalog.ts';
import { generatedPage, table } from '../../tools/docs/markdown.ts';
import { stalePages } from '../../tools/docs/pages.ts';
import { ROOT, readPage } from './pages.ts';

/** @returns the rows of all tables of a page, as the raw text of their first cells */
const firstCells = (path: string) => [...readPage(path).matchAll(/^\| (.+?) +\|/gm)].map(([, cell]) => cell);

test('the generated pages match the code; if not, run npm run docs', () => {
  expect(stalePages(ROOT)).toEqual([]);
});

describe('everything is documented', () => {
  test('every setting, of the service, of the sandbox and of the portal kit', () => {
    const documented = firstCells('docs/settings.md');
    for (const name of [
      ...Object.keys(settingsSchema.shape),
      ...Object.keys(sandboxSettings),
      ...Object.keys(portalSettings),
    ]) {
      expect(documented).toContain(`\`${name}\``);
    }
  });

  test('every setting of the service, in .env.example, whose values are the defaults', () => {
    const example = readPage('.env.example');
    const given = parseEnv(example.replaceAll(/^#(?=[A-Z0-9_]+=)/gm, ''));
    // These are refused in a file that several people and ways of calling share.
    const shared = Object.keys(settingsSchema.shape).filter((name) => !ENVIRONMENT_ONLY.some((one) => one === name));
    expect(Object.keys(given).sort()).toEqual(shared.sort());
    expect(parseEnv(example)).toEqual({});
    const defaults = readSettings({}, {});
    for (const [name, value] of Object.entries(given)) {
      if (value !== '') expect(String(defaults[name as keyof typeof defaults]), name).toBe(value);
    }
    expect(readSettings({}, given)).toEqual(defaults);
  });

  test('every error code', () => {
    const documented = firstCells('docs/errors.md');
    expect(Object.keys(errorCatalog).filter((code) => !documented.includes(`\`${code}\``))).toEqual([]);
  });

  test('every audit event', () => {
    const documented = firstCells('docs/audit.md');
    expect(Object.keys(auditCatalog).filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });

  test('every assumption about Invoice Cloud, with a sentence, a default and an option', () => {
    const rows = readPage('docs/assumptions.md').split('\n');
    for (const [name, setting] of Object.entries(billerSettingsSchema.shape)) {
      const { assumed } = setting.meta() as unknown as { assumed: string };
      expect(assumed, name).toMatch(/^[A-Z].{20,}\.$/s);
      const row = rows.find((line) => line.startsWith(`| ${assumed} `));
      expect(row, name).toMatch(/\| [^|]*\S[^|]* \| `--[^|]+ \|$/);
    }
  });
});

describe('npm run docs', () => {
  let folder: string;
  const generate = (...options: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'tools/docs/generate.ts'), ...options], { cwd: folder, encoding: 'utf8' });
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ic-idp-docs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('writes what is missing, and --check names every stale page and the command that updates it', () => {
    const missing = generate('--check');
    expect(missing.status).toBe(1);
    for (const name of ['assumptions', 'audit', 'cli', 'errors', 'settings']) {
      expect(missing.stderr).toContain(`docs/${name}.md`);
    }
    expect(missing.stderr).toContain('`npm run docs`');
    expect(generate().status).toBe(0);

    const edited = join(folder, 'docs/errors.md');
    writeFileSync(edited, `${readFileSync(edited, 'utf8')}more\n`);
    const stale = generate('--check');
    expect(stale.status).toBe(1);
    expect(stale.stderr).toMatch(/^Not up to date: docs\/errors\.md\. /);
    expect(generate().stdout).toBe('wrote docs/errors.md\n');
    expect(generate('--check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

test('a generated page says in its first line what it is made from, and how', () => {
  expect(generatedPage('Title', 'src/x.ts', ['text'])).toBe(
    '<!-- Generated from src/x.ts by `npm run docs`. Changes made here are lost. -->\n\n# Title\n\ntext\n',
  );
});

test('a bar or a line break in a value does not break its table', () => {
  expect(table(['a', 'b'], [['x|y\n  z', '']])).toBe('| a      | b   |\n| ------ | --- |\n| x\\|y z |     |');
});
