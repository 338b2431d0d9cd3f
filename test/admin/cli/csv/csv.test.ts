import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../../../../src/admin/cli/csv/read-csv.ts';
import { guardCell, unguardCell, writeCsv } from '../../../../src/admin/cli/csv/write-csv.ts';

test('what is written is read again, whatever is in it', () => {
  const cell = fc.string({ unit: fc.oneof(fc.constantFrom('"', ',', '\r', '\n', '=', "'", ' ', ';'), fc.string()) });
  const table = fc
    .integer({ min: 2, max: 5 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }));
  fc.assert(
    fc.property(table, ([heading = [], ...rows]) => {
      const read = readCsv(writeCsv(heading, rows)).map(({ fields }) => fields.map(unguardCell));
      expect(read).toEqual([heading, ...rows]);
    }),
  );
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', "'=1"])('no spreadsheet runs %j', (text) => {
  expect(guardCell(text)).toBe(`'${text}`);
  expect(unguardCell(guardCell(text))).toBe(text);
});

test.each(["O'Fallon", "'quoted'", 'a=b', ''])('%j stays as it is', (text) => {
  expect(guardCell(text)).toBe(text);
  expect(unguardCell(text)).toBe(text);
});

describe('RFC 4180', () => {
  test.each([
    ['lines end in CRLF, LF or CR', 'a,b\r\n1,2\n3,4\r5,6', [1, 2, 3, 4]],
    ['empty lines are passed over', 'a,b\n\n1,2\r\n\r\n3,4', [1, 3, 5]],
    ['a line break inside quotes counts as one line', 'a,b\r\n"x\r\ny\nz",1\r\n3,4', [1, 2, 5]],
    ['an empty field can be quoted', 'a,b\n"",""', [1, 2]],
    ['the last line may end in a comma', 'a,\n1,', [1, 2]],
    ['an empty text has no record', '', []],
  ])('%s', (_what, text, lines) => {
    const records = readCsv(text);
    expect(records.map(({ line }) => line)).toEqual(lines);
    for (const { fields } of records) expect(fields).toHaveLength(2);
  });

  test.each([
    ['a,b\n1,"2\n3,4', 2, 'a quote is never closed'],
    ['a,b\n\n"1"x,2', 3, 'a quoted field is followed by something else'],
    ['a,b\n1,2\nx"y,2', 3, 'a quote is inside a field'],
  ])('%j is refused with its line', (text, line, message) => {
    expect(() => readCsv(text)).toThrow(expect.objectContaining({ line, message: expect.stringContaining(message) }));
  });

  test('a long quoted field that is never closed is refused soon', () => {
    expect(() => readCsv(`a,"${'""x'.repeat(1_000_000)}`)).toThrow('a quote is never closed');
  });
});
