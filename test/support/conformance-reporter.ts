import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'vitest/config';
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { conformancePage, conformanceProblems, type HeldCase, readReasons } from '../../tools/docs/conformance-page.ts';
import { readPage } from '../../tools/docs/read-page.ts';
import './held.ts';

const PAGE = 'docs/conformance.md';

/**
 * Judges a full run by the checklist (tools/docs/checklist.ts): every line needs a test that passed, and docs/conformance.md
 * must list exactly the tests that passed. Otherwise the run fails. With `--update` it writes the page instead of comparing it.
 * A run of some files, or of tests chosen by name, says nothing about the checklist and is not judged.
 */
class ConformanceReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[], _errors: readonly unknown[], reason: TestRunEndReason) {
    const vitest = this.#vitest;
    if (vitest === undefined || reason === 'interrupted' || !(await isFullRun(vitest, modules))) return;
    const root = vitest.config.root;
    const passed = modules.flatMap((module) => heldCases(module, root));
    const reasons = readReasons(readFileSync(join(root, 'test/NOT-TESTED.md'), 'utf8'));
    const problems = conformanceProblems(passed, reasons);
    // A page made while a test fails would lose that test. Its failure is reported already.
    if (reason === 'passed' && problems.length === 0) {
      const page = conformancePage(passed, reasons);
      if (page === readPage(join(root, PAGE))) return;
      if (vitest.config.snapshotOptions.updateSnapshot === 'all') {
        writeFileSync(join(root, PAGE), page);
        console.log(`wrote ${PAGE}`);
        return;
      }
      problems.push(`${PAGE} does not match this run: run \`npm run docs:conformance\` and commit the result.`);
    }
    if (problems.length === 0) return;
    console.error(`\nConformance:\n${problems.map((problem) => `- ${problem}`).join('\n')}\n`);
    process.exitCode = 1;
  }
}

/**
 * Adds the reporter to every run. A plugin, because `--reporter` on the command line replaces the reporters of
 * vitest.config.ts.
 */
export const judgeConformance: Plugin = {
  name: 'judge-conformance',
  configureVitest({ vitest }) {
    const { reporters } = vitest.config;
    if (!reporters.some((each) => each instanceof ConformanceReporter)) reporters.push(new ConformanceReporter());
  },
};

async function isFullRun(vitest: Vitest, modules: readonly TestModule[]): Promise<boolean> {
  if (vitest.getGlobalTestNamePattern() !== undefined) return false;
  const all = await vitest.globTestSpecifications();
  return all.length === modules.length;
}

/** @returns the cases of a file that passed and name lines of the checklist */
function heldCases(module: TestModule, root: string): HeldCase[] {
  return [...module.children.allTests('passed')].flatMap((test) => heldCase(test, root));
}

function heldCase(test: TestCase, root: string): HeldCase[] {
  const { holds, source } = test.meta();
  if (holds === undefined) return [];
  return [
    {
      file: relative(root, test.module.moduleId),
      title: test.fullName,
      at: `${test.location?.line}:${test.location?.column}`,
      holds,
      source: source ?? 'project rule',
    },
  ];
}
