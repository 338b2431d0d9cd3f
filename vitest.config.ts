import { defineConfig } from 'vitest/config';
import { judgeConformance } from './test/support/conformance-reporter.ts';

export default defineConfig({
  plugins: [judgeConformance],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // The conformance page lists the cases of one test as one.
    includeTaskLocation: true,
    // Two cores, and several files start a database or a browser of their own.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
