import { CsvError, type CsvRecord, LINE_END, readCsv } from './read-csv.ts';

/** Characters of one record, which is read as a whole. */
const MAX_RECORD = 64 * 1024;

/** Finds where the last record of a growing text ends: behind a line end that is in no quoted field. */
function createEndFinder() {
  let [seen, isQuoted, end] = [0, false, 0];
  return {
    /** @returns the length of the complete records at the beginning of the text, which has grown since the last call */
    find(text: string): number {
      for (; seen < text.length; seen += 1) {
        const character = text.charCodeAt(seen);
        if (character === 0x22) isQuoted = !isQuoted;
        else if (!isQuoted && (character === 0x0a || character === 0x0d)) {
          // A line feed may still come.
          if (character === 0x0d && seen + 1 === text.length) break;
          end = seen + 1;
        }
      }
      return end;
    },
    /** The complete records were taken off the text. */
    take() {
      seen -= end;
      end = 0;
    },
  };
}

/**
 * Reads CSV like readCsv, a few records at a time: of a file of any length, only a part is in memory.
 *
 * @param parts the text, in parts of any length
 * @returns the records of each part
 * @throws CsvError
 */
export async function* readCsvParts(parts: AsyncIterable<string>): AsyncGenerator<CsvRecord[]> {
  const finder = createEndFinder();
  let [text, line] = ['', 1];
  for await (const part of parts) {
    text += part;
    const end = finder.find(text);
    if (end > 0) {
      const complete = text.slice(0, end);
      yield readCsv(complete, line);
      line += complete.match(LINE_END)?.length ?? 0;
      text = text.slice(end);
      finder.take();
    }
    if (text.length > MAX_RECORD) {
      // It may tell why.
      readCsv(text, line);
      const most = MAX_RECORD.toLocaleString('en-US');
      throw new CsvError(line, `the record is too long; it must have at most ${most} characters`);
    }
  }
  if (text !== '') yield readCsv(text, line);
}
