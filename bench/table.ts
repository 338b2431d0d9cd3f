/** One column of a table: which value of a row, under which heading; numbers get this many decimals. */
interface Column {
  readonly key: string;
  readonly heading: string;
  readonly digits?: number;
}

export type Row = Readonly<Record<string, string | number | undefined>>;

/** What a part measured, for people and (as its rows) for machines. */
export interface Table {
  /** Names the table in the JSON output. */
  readonly key: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What a reader must know to read the numbers right. */
  readonly notes?: readonly string[];
}

function cell(value: string | number | undefined, digits: number): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Writes a table as text: numbers to the right, everything else to the left. */
export function renderTable({ title, columns, rows, notes = [] }: Table): string {
  const cells = rows.map((row) => columns.map(({ key, digits = 0 }) => cell(row[key], digits)));
  const widths = columns.map(({ heading }, column) =>
    Math.max(heading.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const isNumeric = columns.map(({ key }) => rows.some((row) => typeof row[key] === 'number'));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return isNumeric[column] ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width));
  return [
    title,
    '',
    line(columns.map(({ heading }) => heading)),
    line(rule),
    ...cells.map(line),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
}
