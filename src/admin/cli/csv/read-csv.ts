/** Why a text is not CSV, as a clause. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** One record, and the line that it begins on, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** A field: quoted, with quotes doubled inside (RFC 4180, 2.5 to 2.7), or plain. */
const FIELD = /"([^"]*(?:""[^"]*)*)"(?!")|([^",\r\n]*)/y;
const END = /,|\r\n|\n|\r|$/y;
export const LINE_END = /\r\n|\n|\r/g;

/** Places at which spreadsheets and editors leave text that no field can contain. */
function fault(text: string, at: number, quoted: boolean): string {
  if (quoted) return 'a quoted field is followed by something else than a comma or the end of the line';
  if (text.slice(0, at).endsWith(',') || at === 0 || /[\r\n]/.test(text[at - 1] ?? ''))
    return 'a quote is never closed';
  return 'a quote is inside a field that does not begin with one; put the field in quotes and double the quote';
}

/**
 * Reads CSV (RFC 4180), strictly. Empty lines are passed over.
 *
 * Written here because what people need most from it is the line of a mistake: the usual library (csv-parse, 1.7 MB)
 * counts a CRLF inside a quoted field as two lines.
 *
 * @param text without a byte order mark
 * @param firstLine the line that it begins on
 * @throws CsvError
 */
export function readCsv(text: string, firstLine = 1): CsvRecord[] {
  const records: CsvRecord[] = [];
  let [at, line, begin] = [0, firstLine, firstLine];
  let fields: string[] = [];
  while (at < text.length || fields.length > 0) {
    FIELD.lastIndex = at;
    const [raw = '', quoted, plain = ''] = FIELD.exec(text) ?? [];
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    const endOfField = at + raw.length;
    END.lastIndex = endOfField;
    const end = END.exec(text);
    if (end === null) throw new CsvError(line, fault(text, endOfField, quoted !== undefined));
    at = endOfField + end[0].length;
    line += raw.match(LINE_END)?.length ?? 0;
    if (end[0] === ',') continue;
    if (fields.length > 1 || raw !== '') records.push({ line: begin, fields });
    fields = [];
    line += 1;
    begin = line;
  }
  return records;
}
