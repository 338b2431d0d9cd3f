import { defineConfig, type UserWorkspaceConfig } from 'vitest/config';
import { judgeConformance } from './test/support/conformance-reporter.ts';
import type { DatabaseKind } from './test/support/storage.ts';

// Two cores, and several files start a database or a browser of their own.
const maxWorkers = 2;

/** Tests that take the database of their project (`databaseOfProject`), and so run once on each. */
const ON_BOTH_DATABASES = [
  'test/endpoints/sign-on/**/*.test.ts',
  'test/diagnostics/traces/**/*.test.ts',
  'test/diagnostics/inspect/**/*.test.ts',
  'test/core/expiry/**/*.test.ts',
  'test/rotation/fetches.test.ts',
  'test/attack/{cut-off,fuzz,one-time-metadata,what-is-kept}.test.ts',
];

const limits = { maxWorkers, testTimeout: 180_000, hookTimeout: 180_000 };

const onDatabase = (name: string, database: DatabaseKind): UserWorkspaceConfig => ({
  test: { name, provide: { database }, include: ON_BOTH_DATABASES, ...limits },
});

export default defineConfig({
  plugins: [judgeConformance],
  test: {
    // The conformance page lists the cases of one test as one.
    includeTaskLocation: true,
    globalSetup: ['test/support/global-setup.ts'],
    maxWorkers,
    projects: [
      { test: { name: 'once', include: ['test/**/*.test.ts'], exclude: ON_BOTH_DATABASES, ...limits } },
      onDatabase('on PGlite', 'embedded'),
      onDatabase('on PostgreSQL', 'postgresql'),
    ],
  },
});
