import { escapeControls, escapeControlsInJson, escapeControlsInLines } from '../../platform/errors/escape-controls.ts';
import { asTyped } from '../../platform/util/as-typed.ts';

// Operators see text from untrusted sources (a User-Agent, an Issuer, SP metadata): it must not break the layout or
// send commands to their terminals.

/** Lines of `name  value`, with the values aligned. */
export function pairs(rows: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${escapeControls(value)}`.trimEnd()).join('\n');
}

/** A table with a heading; columns as wide as their widest cell. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows].map((row) => row.map((cell) => escapeControls(cell)));
  const widths = heading.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text for people, with commands that can be copied. */
export const forPeople = (text: string): string => asTyped(escapeControlsInLines(text), process.env.IC_IDP_COMMAND);

/** The option of every command whose result can be printed as JSON. */
export const JSON_OPTION = ['--json', 'print the result as JSON'] as const;

/** Puts a list into words: a table with one line for each element, or a sentence if there are none. */
export function listInWords<Element>(
  none: string,
  heading: readonly string[],
  cells: (element: Element) => readonly string[],
): (list: readonly Element[]) => string {
  return (list) => (list.length === 0 ? none : table(heading, list.map(cells)));
}

/** Prints a result: as JSON if requested, otherwise in words. */
export function print<Result>(result: Result, json: boolean | undefined, inWords: (result: Result) => string): void {
  const typed = (text: string) => asTyped(text, process.env.IC_IDP_COMMAND);
  console.log(json === true ? typed(escapeControlsInJson(JSON.stringify(result))) : forPeople(inWords(result)));
}

/** Prints the elements of a list as JSON, each on a line of its own, as log systems read them. */
export function printLines(list: readonly unknown[]): void {
  for (const element of list) console.log(escapeControlsInJson(JSON.stringify(element)));
}

/** Prints what the operator should know about a result, on standard error: it is no part of the result. */
export function printWarnings({ warnings }: { readonly warnings: readonly string[] }): void {
  for (const warning of warnings) console.error(`warning: ${forPeople(escapeControls(warning))}`);
}
