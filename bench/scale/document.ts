import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderTable, type Table } from '../table.ts';
import type { Plan } from './plans.ts';

const PAGE = new URL('../../docs/scale.md', import.meta.url);

const planSection = ({ title, statement, plan }: Plan): string =>
  `### ${title.charAt(0).toUpperCase()}${title.slice(1)}\n\n\`\`\`sql\n${statement}\n\`\`\`\n\n\`\`\`text\n${plan}\n\`\`\`\n`;

const tableSection = (table: Table): string => {
  const [title = '', ...rest] = renderTable(table).split('\n');
  return `## ${title}\n\n\`\`\`text\n${rest.join('\n').trim()}\n\`\`\`\n`;
};

/** Writes docs/scale.md. @param machine in one line @param server its PostgreSQL's settings, as `name=value` */
export function writePage(
  machine: string,
  server: readonly string[],
  tables: readonly Table[],
  signOn: readonly Plan[],
  search: readonly Plan[],
): void {
  const text = `# Scale

What more billers, portal users and audit events cost. This page is written by \`npm run bench -- scale --write-docs\`, with
a service for each size taking turns, each warmed up for a minute. Ratios are to the smallest size in the same run.

Measured on: ${machine}; PostgreSQL with ${server.map((setting) => `\`${setting}\``).join(', ')}.

The service's own part does not depend on the size; it is ready later, because it opens the signing key of every biller once
before it says so. What grows a little is the database's part: an audit row goes into nine indexes, and those of millions of
random entries are deeper. It grows more while their pages are not in memory yet, right after a start, or always if there is
little memory: with 32 MB of buffers PostgreSQL spends twice as much on a sign-on at the largest size.

${tables.map(tableSection).join('\n')}
## Plans: a sign-on

Every statement of a sign-on, explained while the service's own code ran it at the largest size. A usual one takes two: the
session and the audit row.

${signOn.map(planSection).join('\n')}
## Plans: the audit search

What \`ic-idp audit\` asks, for 50 events each.

${search.map(planSection).join('\n')}`;
  writeFileSync(fileURLToPath(PAGE), text);
}
