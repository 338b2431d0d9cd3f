import { escapeControls } from '../platform/errors/escape-controls.ts';
import { mask, maskEmails } from '../platform/util/mask.ts';
import { ASSERTION, METADATA, PROTOCOL, XMLDSIG } from '../protocols/saml/names.ts';
import type { XmlElement } from '../protocols/saml/reading/xml.ts';

const PREFIXES: Readonly<Record<string, string>> = {
  [PROTOCOL]: 'samlp:',
  [ASSERTION]: 'saml:',
  [METADATA]: 'md:',
  [XMLDSIG]: 'ds:',
};

/** Elements whose text identifies or describes a person. */
const PERSONAL = new Set(['NameID', 'BaseID', 'AttributeValue']);
/** Elements whose text is long and means nothing to a reader. */
const OPAQUE = new Set(['SignatureValue', 'X509Certificate', 'CipherValue', 'Modulus']);
const MAX_TEXT = 300;
const MAX_NAME = 100;
const MAX_LINES = 200;
/** Of all lines together: many times the size of a request, yet small enough to keep 120 a minute for a week. */
const MAX_CHARACTERS = 20_000;

const cut = (text: string) => escapeControls(text, MAX_TEXT);
const nameOf = (name: string) => escapeControls(name, MAX_NAME);

function textOf(element: XmlElement, masked: boolean): string {
  const text = element.text.trim();
  if (text === '') return '';
  if (OPAQUE.has(element.name)) return ` (${text.length} characters)`;
  if (masked && PERSONAL.has(element.name)) return ` ${mask(text)}`;
  return ` ${cut(masked ? maskEmails(text) : text)}`;
}

/**
 * Writes a parsed message for a person to read: one line per element, indented by depth.
 *
 * @param options.masked hides who the message is about: names and values of people, and any email address
 * @returns lines, truncated if there are very many
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
