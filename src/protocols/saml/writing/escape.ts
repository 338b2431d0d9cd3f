/**
 * Escaping as Canonical XML 1.0, 2.3 writes it, so that what we write is its own canonical form. The one escaping
 * point of every SAML document that leaves.
 */

/** A value that no XML 1.0 document can carry (XML 1.0, 2.2): control characters, lone surrogates, non-characters. */
export class UnwritableTextError extends Error {
  constructor(position: number) {
    super(`character ${position + 1} can't be written in XML 1.0`);
    this.name = 'UnwritableTextError';
  }
}

// Everything outside the Char production of XML 1.0, 2.2. With the u flag, a surrogate that matches is a lone one.
const UNWRITABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
// Most values are made of these and need no second look.
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
 * @returns the value as the content of an element
 * @throws UnwritableTextError
 */
export function escapeText(value: string): string {
  if (PLAIN.test(value)) return value;
  refuseUnwritable(value);
  return value.replace(TEXT_SPECIAL, reference);
}

/**
 * @returns the value as it stands between the double quotes of an attribute
 * @throws UnwritableTextError
 */
export function escapeAttribute(value: string): string {
  if (PLAIN.test(value)) return value;
  refuseUnwritable(value);
  return value.replace(ATTRIBUTE_SPECIAL, reference);
}

/** Says whether the value can be written into an XML document at all. */
export function isWritable(value: string): boolean {
  return !UNWRITABLE.test(value);
}
