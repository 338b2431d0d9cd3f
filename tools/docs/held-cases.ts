import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { TestModule } from 'vitest/node';
import '../../test/support/held.ts';

/** One test case that names lines of the checklist. */
export interface HeldCase {
  /** Path in the repository. */
  readonly file: string;
  /** The titles of its suites and its own, joined by " > ". */
  readonly title: string;
  /** The position of the test in its file, e.g. 12:3. The cases of one parametrized test share it. */
  readonly at: string;
  readonly holds: readonly string[];
  readonly source: string;
}

/** Lines that no test covers, with the reason. */
export type Reasons = ReadonlyMap<string, string>;

/**
 * Lists the test cases that name lines of the checklist.
 *
 * @param modules test files that were run or only loaded
 * @param root the folder of the project
 * @param state lists only the cases that ended so; all without it
 */
export function heldCases(modules: readonly TestModule[], root: string, state?: 'passed'): HeldCase[] {
  return modules.flatMap((module) =>
    [...module.children.allTests(state)].flatMap((test) => {
      const { holds, source } = test.meta();
      if (holds === undefined) return [];
      const at = `${test.location?.line}:${test.location?.column}`;
      const file = relative(root, module.moduleId);
      return [{ file, title: test.fullName, at, holds, source: source ?? 'project rule' }];
    }),
  );
}

/** @param root the folder of the project @returns the rows of the table in test/NOT-TESTED.md */
export function readReasons(root: string): Reasons {
  const text = readFileSync(join(root, 'test/NOT-TESTED.md'), 'utf8');
  return new Map(
    [...text.matchAll(/^\| (IDP-\d{3}) +\| (.+?) +\|$/gm)].map(([, id = '', reason = '']) => [id, reason]),
  );
}
