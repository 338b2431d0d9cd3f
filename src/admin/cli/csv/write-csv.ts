/**
 * What makes a spreadsheet run a cell as a formula: these characters at its beginning, in the widths that Excel takes for
 * them too. An apostrophe before them makes it text. Apostrophes that are there already count, so that it can be undone.
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** @returns the text as a cell that no spreadsheet runs */
export const guardCell = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

/** Undoes guardCell, also where a spreadsheet wrote the file again. */
export const unguardCell = (cell: string): string =>
  cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;

function field(text: string): string {
  const cell = guardCell(text);
  // Quoted more often than RFC 4180 asks for: where the comma is the decimal sign, a semicolon separates the columns.
  return /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Writes CSV (RFC 4180) that is safe to open in a spreadsheet. */
export function writeCsv(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heading, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
