/**
 * Characters that control a terminal, reorder the text around them or break its line: control characters (including C1,
 * which a terminal takes for escape sequences), marks of writing direction (Unicode UAX 9), separators of lines and
 * paragraphs, and lone surrogates, which no database accepts.
 */
const OBEYED = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes text from outside safe for a line of a log, an audit or a terminal.
 *
 * @param maximum characters to keep; a longer text ends in …
 * @returns the text with such characters written as `\u{...}`, on one line
 */
export function escapeControls(text: string, maximum = Number.POSITIVE_INFINITY): string {
  const kept = text.length > maximum ? `${text.slice(0, maximum)}…` : text;
  return kept.replace(OBEYED, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The same for text of several lines: line ends stay. */
export function escapeControlsInLines(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeControls(line))
    .join('\n');
}

/** The same for JSON, with JSON's own escapes: a parser reads the same values. */
export function escapeControlsInJson(json: string): string {
  return json.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
