import { escapeControls } from '../platform/errors/escape-controls.ts';
import { ASSERTION, METADATA, PROTOCOL, XMLDSIG } from '../protocols/saml/names.ts';
import type { XmlElement } from '../protocols/saml/reading/xml.ts';

const PREFIXES: Readonly<Record<string, string>> = {
  [PROTOCOL]: 'samlp:',
  [ASSERTION]: 'saml:',
  [METADATA]: 'md:',
  [XMLDSIG]: 'ds:',
};

/** Elements whose text tells who somebody is, or what is known of them. */
const PERSONAL = new Set(['NameID', 'BaseID', 'AttributeValue']);
/** Elements whose text is long and says nothing to a reader. */
const OPAQUE = new Set(['SignatureValue', 'X509Certificate', 'CipherValue', 'Modulus']);
const MAX_TEXT = 300;
const MAX_NAME = 100;
const MAX_LINES = 200;
/** Of all lines together: many times what a request has, and little enough to be kept for a week, 120 times a minute. */
const MAX_CHARACTERS = 20_000;
/** What of a long text is looked through for email addresses: more than is shown. */
const MAX_MASKED = 2_000;

const cut = (text: string) => escapeControls(text, MAX_TEXT);
const nameOf = (name: string) => escapeControls(name, MAX_NAME);

/** Hides a value but for what tells it from others: its first and last character, and its length. */
export function mask(value: string): string {
  const characters = [...value];
  if (characters.length < 3) return '•'.repeat(characters.length);
  return `${characters[0]}•••${characters.at(-1)} (${characters.length} characters)`;
}

/** Characters that part words in text and in addresses. */
const BETWEEN_WORDS = /([\s"'<>()[\]{}=&?/:;,|]+)/;

/**
 * Masks what looks like an email address, and leaves the text around it as it is. Of a very long text only the beginning
 * comes back.
 */
export function maskEmails(text: string): string {
  if (!/@|%40/.test(text)) return text;
  const words = text.slice(0, MAX_MASKED).split(BETWEEN_WORDS);
  // The last one may be an address that was cut before its @.
  const isCut = (position: number) => text.length > MAX_MASKED && position === words.length - 1;
  const maskWord = (word: string, position: number) =>
    isCut(position) || /.(?:@|%40)./.test(word) ? mask(word) : word;
  return words.map(maskWord).join('');
}

function textOf(element: XmlElement, masked: boolean): string {
  const text = element.text.trim();
  if (text === '') return '';
  if (OPAQUE.has(element.name)) return ` (${text.length} characters)`;
  if (masked && PERSONAL.has(element.name)) return ` ${mask(text)}`;
  return ` ${cut(masked ? maskEmails(text) : text)}`;
}

/**
 * Writes a parsed message for a person to read: one line an element, indented by its depth.
 *
 * @param options.masked hides who it is about: names and values of people, and email addresses wherever they stand
 * @returns lines, cut where there are very many
 */
export function outlineXml(root: XmlElement, options: { readonly masked: boolean }): string[] {
  const lines: string[] = [];
  let left = MAX_CHARACTERS;
  const isFull = () => lines.length >= MAX_LINES || left <= 0;
  const visit = (element: XmlElement, depth: number) => {
    if (isFull()) return;
    let line = `${'  '.repeat(depth)}${PREFIXES[element.namespace] ?? ''}${nameOf(element.name)}`;
    for (const [name, value] of element.attributes) {
      if (line.length > left) break;
      line += ` ${nameOf(name)}="${cut(options.masked ? maskEmails(value) : value)}"`;
    }
    line += textOf(element, options.masked);
    lines.push(line);
    left -= line.length;
    for (const child of element.children) visit(child, depth + 1);
  };
  visit(root, 0);
  if (isFull()) lines.push('…');
  return lines;
}
