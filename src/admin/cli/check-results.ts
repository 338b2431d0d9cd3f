import type { CheckResult } from '../../diagnostics/traces/trace.ts';

/** Checks in words: one line each; a failed one also lists what was expected and found. */
export function checkLines(checks: readonly CheckResult[]): string {
  return checks
    .map(({ check, passed, code, expected, found }) => {
      if (passed) return `  ✓ ${check}`;
      const lines = [`  ✗ ${check}${code === undefined ? '' : ` (${code})`}`];
      if (expected !== undefined) lines.push(`      expected  ${expected}`);
      if (found !== undefined) lines.push(`      found     ${found}`);
      return lines.join('\n');
    })
    .join('\n');
}
