import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createVitest } from 'vitest/node';
import { CONFORMANCE_PAGE, conformancePage, conformanceProblems } from './conformance-page.ts';
import { heldCases, readReasons } from './held-cases.ts';

/**
 * Writes docs/conformance.md from the tests. Loads their files without running a test, which takes less than a minute: a full
 * run of the tests fails if one of those on the page does not pass.
 */
const root = process.cwd();
// The cases of parametrized tests, and their metadata, exist only once a file has been executed.
const vitest = await createVitest('test', { watch: false, reporters: [] });
const { testModules, unhandledErrors } = await vitest.collect([], { staticParse: false });
await vitest.close();

const cases = heldCases(testModules, root);
const reasons = readReasons(root);
const problems = [
  ...[...unhandledErrors, ...testModules.flatMap((module) => module.errors())].map((error) =>
    error instanceof Error ? error.message : JSON.stringify(error),
  ),
  ...conformanceProblems(cases, reasons),
];
if (problems.length > 0) {
  console.error(problems.map((problem) => `- ${problem}`).join('\n'));
  process.exitCode = 1;
} else {
  writeFileSync(join(root, CONFORMANCE_PAGE), conformancePage(cases, reasons));
  console.log(`wrote ${CONFORMANCE_PAGE}`);
}
