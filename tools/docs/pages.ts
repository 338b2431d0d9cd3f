import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assumptionsPage } from './assumptions-page.ts';
import { auditPage } from './audit-page.ts';
import { cliPage } from './cli-page.ts';
import { envExample } from './env-example.ts';
import { errorsPage } from './errors-page.ts';
import { readPage } from './read-page.ts';
import { sbom } from './sbom.ts';
import { settingsPage } from './settings-page.ts';

/** Every generated file: its path in the repository, and the function that generates its text from the code. */
const PAGES: Readonly<Record<string, () => string>> = {
  '.env.example': envExample,
  'docs/assumptions.md': assumptionsPage,
  'docs/audit.md': auditPage,
  'docs/cli.md': cliPage,
  'docs/errors.md': errorsPage,
  'docs/sbom.json': sbom,
  'docs/settings.md': settingsPage,
};

/** @param root folder of the repository @returns paths of the pages that are missing or stale */
export function stalePages(root: string): string[] {
  return Object.entries(PAGES)
    .filter(([path, make]) => readPage(join(root, path)) !== make())
    .map(([path]) => path);
}

/** Writes the pages that are stale. @param root folder of the repository @returns their paths */
export function writePages(root: string): string[] {
  const stale = stalePages(root);
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), PAGES[path]?.() ?? '');
  }
  return stale;
}
