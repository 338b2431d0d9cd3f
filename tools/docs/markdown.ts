/** Makes a text fit a cell of a Markdown table: on one line, with bars escaped, also in code. */
const cell = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');

/** @returns a Markdown table, with padded columns */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows].map((row) => row.map(cell));
  const widths = heading.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = all;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}

/** @returns the text as inline code */
export const code = (text: string) => `\`${text}\``;

/**
 * Assembles a generated page.
 *
 * @param source file that the page is generated from: its path in the repository
 * @param parts paragraphs, tables and headings, in Markdown
 * @param command what generates the page
 * @returns the page, whose first line says that it is generated, from what and by which command
 */
export function generatedPage(
  title: string,
  source: string,
  parts: readonly string[],
  command = 'npm run docs',
): string {
  const notice = `<!-- Generated from ${source} by \`${command}\`. Changes made here are lost. -->`;
  return `${[notice, `# ${title}`, ...parts].join('\n\n')}\n`;
}
