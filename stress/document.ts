import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderTable } from '../bench/table.ts';
import type { Experiment } from './experiment.ts';
import { type Result, tableOf } from './run.ts';

const PAGE = new URL('../docs/stress.md', import.meta.url);

interface Circumstances {
  /** In one line. */
  readonly machine: string;
  readonly date: string;
  readonly seed: number;
  readonly minutes: number;
}

/** Writes docs/stress.md. */
export function writePage(experiments: readonly Experiment[], results: readonly Result[], about: Circumstances): void {
  const [, ...rest] = renderTable(tableOf(results)).split('\n');
  const text = `# Stress

What the service promises while something goes wrong, and the figures of one run. This page is written by
\`npm run stress -- --write\`. It starts the service as an operator does, a real PostgreSQL or the embedded one, and a
cable between them that stalls, cuts and delays; portal users sign on all the while.

These are the promises:

- no assertion is received whose audit row is not committed;
- no assertion is signed by a revoked key, goes to a removed ACS or is about a disabled user, once the command that
  revoked, removed or disabled it has been acknowledged;
- while the database is away, a sign-on gets status 503, and \`/health/ready\` too;
- no portal user's sign-on is refused because keys are switched;
- the service recovers without help within 30 seconds, and its process never ends by itself;
- strangers cannot keep portal users from signing on.

What happens in each experiment:

${experiments.map(({ name, purpose }) => `- \`${name}\`: ${purpose}`).join('\n')}

Measured on ${about.date}: ${about.machine}; seed ${about.seed}, random faults for ${about.minutes} min on each database.
Sign-ons, browsers and database share the machine.

\`\`\`text
${rest.join('\n').trim()}
\`\`\`

"kept" and "BROKEN" are about a promise; other figures are for orientation. What each line counts, and its limit, is in the
file of its experiment in \`stress/experiments/\`.
`;
  writeFileSync(fileURLToPath(PAGE), text);
}
