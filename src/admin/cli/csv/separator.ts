/** @returns a sentence if the heading of a file shows that something else than commas separates its columns */
export function separatorProblem(heading: readonly string[]): string | undefined {
  const separator = heading.length === 1 ? heading[0]?.match(/[;\t]/)?.[0] : undefined;
  if (separator === undefined) return undefined;
  const name = separator === ';' ? 'semicolons' : 'tabs';
  return `the columns are separated by ${name}; they must be separated by commas.`;
}
