/**
 * Escaping per Canonical XML 1.0, 2.3, so that our output is its own canonical form. All outgoing SAML documents are
 * escaped here.
 */

/** A value that XML 1.0 can't represent (XML 1.0, 2.2): control characters, lone surrogates, non-characters. */
export class UnwritableTextError extends Error {
  constructor(position: number) {
    super(`character ${position + 1} can't be written in XML 1.0`);
    this.name = 'UnwritableTextError';
  }
}

// Everything outside XML 1.0's Char production (2.2). With the u flag, only lone surrogates match.
const UNWRITABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
// Most values contain only these and need no further check.
const PLAIN = /^[\w\-.:/@ ?=%+,;]*$/;
const TEXT_SPECIAL = /[&<>\r]/g;
const ATTRIBUTE_SPECIAL = /[&<"\t\n\r]/g;

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};
const reference = (character: string): string => REFERENCES[character] ?? character;

function refuseUnwritable(value: string): void {
  const position = value.search(UNWRITABLE);
  if (position >= 0) throw new UnwritableTextError(position);
}

/**
 * @returns the value as element content
 * @throws UnwritableTextError
 */
export function escapeText(value: string): string {
  if (PLAIN.test(value)) return value;
  refuseUnwritable(value);
  return value.replace(TEXT_SPECIAL, reference);
}

/**
 * @returns the value for use between an attribute's double quotes
 * @throws UnwritableTextError
 */
export function escapeAttribute(value: string): string {
  if (PLAIN.test(value)) return value;
  refuseUnwritable(value);
  return value.replace(ATTRIBUTE_SPECIAL, reference);
}

/** Tells whether XML can represent the value. */
export function isWritable(value: string): boolean {
  return !UNWRITABLE.test(value);
}
