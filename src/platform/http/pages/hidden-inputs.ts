import { html } from 'ghtml';

/**
 * One hidden input. The browser's parser reads back the same value, character for character.
 *
 * Line breaks are written as references because a parser turns a literal CR into LF (HTML Standard, 13.2.3.5). When the
 * form is submitted, the browser still turns each of them into CR LF (4.10.22.4), and U+0000 can't be written at all: a
 * value that must arrive unchanged may contain none of the three.
 */
export function hiddenInput(name: string, value: string): string {
  return lineBreaksEscaped(html`<input type="hidden" name="${name}" value="${value}">`);
}

/** A hidden input for each entry, in the order of the record. */
export function hiddenInputs(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => hiddenInput(name, value))
    .join('');
}

function lineBreaksEscaped(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replaceAll('\r', '&#13;').replaceAll('\n', '&#10;') : text;
}
