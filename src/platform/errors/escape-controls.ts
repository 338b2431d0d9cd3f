/**
 * Characters that a terminal obeys, and those that reorder the text around them or break its line: control characters
 * (also the C1 ones, that a terminal takes for escape sequences), the marks of writing direction (Unicode UAX 9),
 * the separators of lines and paragraphs, and halves of surrogate pairs, which no database takes.
 */
const OBEYED = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes text that came from outside fit for a line of a log, an audit or a terminal.
 *
 * @param maximum characters to keep; what is longer ends in …
 * @returns the text with such characters written as `\u{...}`, on one line
 */
export function escapeControls(text: string, maximum = Number.POSITIVE_INFINITY): string {
  const kept = text.length > maximum ? `${text.slice(0, maximum)}…` : text;
  return kept.replace(OBEYED, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The same for text of several lines: their ends stay. */
export function escapeControlsInLines(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeControls(line))
    .join('\n');
}

/** The same for JSON, whose own escapes say the same to whoever parses it. */
export function escapeControlsInJson(json: string): string {
  return json.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
