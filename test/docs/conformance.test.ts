import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHECKLIST } from '../../tools/docs/checklist.ts';
import { conformancePage, conformanceProblems, joinedTitle } from '../../tools/docs/conformance-page.ts';
import type { HeldCase } from '../../tools/docs/held-cases.ts';
import { ROOT } from './pages.ts';

const HEAD = 'IDP-013';
/** Reasons for all lines but one. */
const reasons = new Map(
  Object.keys(CHECKLIST)
    .filter((id) => id !== HEAD)
    .map((id) => [id, 'Not built.']),
);
const held: HeldCase = {
  file: 'test/x.test.ts',
  title: 'HEAD never issues',
  at: '1:1',
  holds: [HEAD],
  source: 'RFC 9110 9.3.2',
};

describe('a line of the checklist', () => {
  test('needs a passing test or a reason, not both', () => {
    expect(conformanceProblems([held], reasons)).toEqual([]);
    expect(conformanceProblems([], reasons)).toEqual([
      "IDP-013 has no passing test. Add one with { meta: { holds: ['IDP-013'] } }, or a reason to test/NOT-TESTED.md.",
    ]);
    expect(conformanceProblems([held], new Map([...reasons, [HEAD, 'Not built.']]))).toEqual([
      'IDP-013 has a passing test; remove its reason from test/NOT-TESTED.md.',
    ]);
  });

  test('that a test or a reason names must exist', () => {
    const unknown = (id: string) => `${id} is not a line of tools/docs/checklist.ts.`;
    expect(conformanceProblems([{ ...held, holds: [HEAD, 'IDP-999'] }], reasons)).toEqual([unknown('IDP-999')]);
    expect(conformanceProblems([held], new Map([...reasons, ['IDP-998', 'x']]))).toEqual([unknown('IDP-998')]);
  });

  test('has an ID with three digits, by which the reasons are found', () => {
    for (const id of Object.keys(CHECKLIST)) expect(id).toMatch(/^IDP-\d{3}$/);
  });
});

describe('the page', () => {
  test('lists each test of a line with its file and source, or the reason if there is none', () => {
    const other = { ...held, file: 'test/a.test.ts', title: 'by `a` > b_c', at: '9:1', source: 'project rule' };
    const page = conformancePage([held, { ...held, title: 'another', at: '7:1' }, other], reasons);
    expect(page).toContain(
      `**IDP-013. ${CHECKLIST[HEAD]}**\n\n` +
        '- [a.test.ts](../test/a.test.ts): by \\`a\\` \\> b\\_c (project rule)\n' +
        '- [x.test.ts](../test/x.test.ts)\n  - HEAD never issues (RFC 9110 9.3.2)\n  - another (RFC 9110 9.3.2)\n',
    );
    expect(page).toContain(`**IDP-014. ${CHECKLIST['IDP-014']}**\n\n- Not tested: Not built.\n`);
  });

  test('counts the cases of one test', () => {
    expect(joinedTitle(['by GET it works', 'by POST it works'])).toBe('by … it works (2 cases)');
    expect(joinedTitle(['one', 'the other', 'a third'])).toBe('3 cases, such as: one');
    expect(joinedTitle(['a a', 'a a a'])).toBe('a a … (2 cases)');
    expect(joinedTitle(['same', 'same'])).toBe('same (2 cases)');
  });

  test('has every line of the checklist', () => {
    const page = conformancePage([held], reasons);
    for (const [id, text] of Object.entries(CHECKLIST)) expect(page).toContain(`**${id}. ${text}**`);
  });
});

describe('a run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ic-idp-conformance-'));
    for (const name of ['test', 'docs']) mkdirSync(join(folder, name));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const plugin = join(ROOT, 'test/support/conformance-reporter.ts');
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `import { judgeConformance } from '${plugin}';\nexport default { plugins: [judgeConformance], test: { includeTaskLocation: true } };\n`,
    );
    const rows = [...reasons].map(([id, reason]) => `| ${id} | ${reason} |\n`);
    writeFileSync(join(folder, 'test/NOT-TESTED.md'), rows.join(''));
    writeTest('other', `test('other', () => {});`);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function writeTest(name: string, body: string): void {
    writeFileSync(join(folder, `test/${name}.test.ts`), `import { describe, test } from 'vitest';\n${body}\n`);
  }

  const META = `{ meta: { holds: ['${HEAD}'], source: 'RFC 9110 9.3.2' } }`;

  function node(...args: string[]): { readonly status: number | null; readonly output: string } {
    const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    return { status: done.status, output: done.stdout + done.stderr };
  }
  const run = (...options: string[]) => node(join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...options);
  const writePage = () => node(join(ROOT, 'tools/docs/conformance.ts'));

  test('of everything fails if the page does not match it, and passes once the page is written', () => {
    // The metadata of a suite is that of its tests.
    writeTest('head', `describe('HEAD', ${META}, () => { test.each(['GET', 'POST'])('%s too', () => {}); });`);
    const stale = run();
    expect(stale.status).toBe(1);
    expect(stale.output).toContain('run `npm run docs:conformance` and commit the result');

    expect(writePage()).toEqual({ status: 0, output: 'wrote docs/conformance.md\n' });
    const page = readFileSync(join(folder, 'docs/conformance.md'), 'utf8');
    expect(page).toContain('- [head.test.ts](../test/head.test.ts): HEAD \\> … too (2 cases) (RFC 9110 9.3.2)\n');

    writeTest('more', `test('more', ${META}, () => {});`);
    expect(run('--reporter=json')).toMatchObject({ status: 1, output: expect.stringContaining('docs:conformance') });
    rmSync(join(folder, 'test/more.test.ts'));
    expect(run()).toMatchObject({ status: 0 });
  });

  test('does not count a test that fails, is skipped, or skips itself', () => {
    const lines = [HEAD, 'IDP-014', 'IDP-015'];
    const rows = readFileSync(join(folder, 'test/NOT-TESTED.md'), 'utf8').split('\n');
    const others = rows.filter((row) => !lines.some((id) => row.includes(id)));
    writeFileSync(join(folder, 'test/NOT-TESTED.md'), `${others.join('\n')}\n`);
    writeTest(
      'head',
      `test('fails', { meta: { holds: ['IDP-013'] } }, () => { throw new Error('broken'); });
       test.skip('is skipped', { meta: { holds: ['IDP-014'] } }, () => {});
       test('skips itself', { meta: { holds: ['IDP-015'] } }, (context) => context.skip());`,
    );
    const done = run();
    expect(done.status).toBe(1);
    for (const id of lines) expect(done.output).toContain(`${id} has no passing test.`);
  });

  test('is not needed to find a line without a test, or a file that can’t be loaded: the page is not written', () => {
    const page = join(folder, 'docs/conformance.md');
    expect(writePage()).toMatchObject({ status: 1, output: expect.stringContaining(`${HEAD} has no passing test.`) });

    writeTest('head', `test('HEAD', ${META}, () => {});`);
    writeTest('broken', `import './missing.ts';`);
    expect(writePage()).toMatchObject({ status: 1, output: expect.stringContaining('missing.ts') });
    expect(existsSync(page)).toBe(false);
  });

  test.each([[['test/other']], [['-t', 'other']]])('of some tests is not judged: %s', (options) => {
    writeTest('head', `test('HEAD', ${META}, () => {});`);
    expect(run(...options)).toMatchObject({ status: 0, output: expect.not.stringContaining('Conformance') });
  });
});
