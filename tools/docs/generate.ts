import { parseArgs } from 'node:util';
import { stalePages, writePages } from './pages.ts';

/** Writes the generated pages of docs/, or with --check lists the stale ones (exit code 1). */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = process.cwd();

if (values.check) {
  const stale = stalePages(root);
  if (stale.length > 0) {
    console.error(`Not up to date: ${stale.join(', ')}. Run \`npm run docs\` and commit the result.`);
    process.exitCode = 1;
  }
} else {
  for (const path of writePages(root)) console.log(`wrote ${path}`);
}
