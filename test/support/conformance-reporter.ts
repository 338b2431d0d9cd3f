import { join } from 'node:path';
import type { Plugin } from 'vitest/config';
import type { Reporter, TestModule, TestRunEndReason, Vitest } from 'vitest/node';
import { CONFORMANCE_PAGE, conformancePage, conformanceProblems } from '../../tools/docs/conformance-page.ts';
import { heldCases, readReasons } from '../../tools/docs/held-cases.ts';
import { readPage } from '../../tools/docs/read-page.ts';

/**
 * Judges a full run by the checklist (tools/docs/checklist.ts): every line needs a test that passed, and docs/conformance.md
 * must list exactly the tests that passed. Otherwise the run fails. A run of some files, or of tests chosen by name, says nothing about the checklist and is not judged.
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
    const passed = heldCases(modules, root, 'passed');
    const reasons = readReasons(root);
    const problems = conformanceProblems(passed, reasons);
    // While a test fails, the page lists more than what passed. That failure is reported already.
    if (reason === 'passed' && conformancePage(passed, reasons) !== readPage(join(root, CONFORMANCE_PAGE)))
      problems.push(
        `${CONFORMANCE_PAGE} does not match this run: run \`npm run docs:conformance\` and commit the result.`,
      );
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
