import { ASSERTION, METADATA, PROTOCOL, XMLDSIG } from './names.ts';
import type { XmlElement } from './xml.ts';

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
const MAX_LINES = 200;

/** Cutting may part a surrogate pair, which no database takes. */
const cut = (text: string) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text);

/** Hides a value but for what tells it from others: its first and last character, and its length. */
export function mask(value: string): string {
  const characters = [...value];
  if (characters.length < 3) return '•'.repeat(characters.length);
  return `${characters[0]}•••${characters.at(-1)} (${characters.length} characters)`;
}

/** Characters that part words in text and in addresses. */
const BETWEEN_WORDS = /([\s"'<>()[\]{}=&?/:;,|]+)/;

/** Masks what looks like an email address, and leaves the text around it as it is. */
export function maskEmails(text: string): string {
  if (!/@|%40/.test(text)) return text;
  const maskWord = (word: string) => (/.(?:@|%40)./.test(word) ? mask(word) : word);
  return text.split(BETWEEN_WORDS).map(maskWord).join('');
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
  const visit = (element: XmlElement, depth: number) => {
    if (lines.length >= MAX_LINES) return;
    const attributes = [...element.attributes]
      .map(([name, value]) => ` ${name}="${cut(options.masked ? maskEmails(value) : value)}"`)
      .join('');
    const name = (PREFIXES[element.namespace] ?? '') + element.name;
    lines.push(`${'  '.repeat(depth)}${name}${attributes}${textOf(element, options.masked)}`);
    for (const child of element.children) visit(child, depth + 1);
  };
  visit(root, 0);
  if (lines.length >= MAX_LINES) lines.push('…');
  return lines;
}
