import { DOMParser } from '@xmldom/xmldom';
import { ExclusiveCanonicalization } from 'xml-crypto';

/** The part of DOM level 2 that the tests use. */
export interface DomElement {
  readonly nodeName: string;
  readonly localName: string;
  readonly namespaceURI: string;
  readonly nodeType: number;
  readonly textContent: string;
  readonly firstChild: DomElement | null;
  readonly nextSibling: DomElement | null;
  readonly attributes: { readonly length: number; item(index: number): { name: string; value: string } };
  getAttribute(name: string): string;
  hasAttribute(name: string): boolean;
  getElementsByTagName(name: string): { readonly length: number; item(index: number): DomElement | null };
}

/**
 * Line ends are normalized as in XML 1.0, 2.11. By default the parser follows XML 1.1, which also takes U+0085 and
 * U+2028 for line ends. (Its types leave this option out.)
 */
const PARSER_OPTIONS = {
  normalizeLineEndings: (text: string) => text.replace(/\r\n?/g, '\n'),
  errorHandler: (level: string, message: unknown) => {
    throw new Error(`${level}: ${message}`);
  },
};

/** Parses XML 1.0. @throws Error for anything that the parser reports, even a warning */
export function parseDom(xml: string): DomElement {
  return new DOMParser(PARSER_OPTIONS).parseFromString(xml, 'text/xml').documentElement as unknown as DomElement;
}

/** @returns the exclusive canonical form of an element by xml-crypto, which shares no code with ours */
export function exclusiveCanonicalForm(element: DomElement): string {
  return new ExclusiveCanonicalization().process(element as unknown as Element, {}).toString();
}

/** Every element with this prefixed name below an element, in document order. */
export function all(element: DomElement, name: string): DomElement[] {
  const found = element.getElementsByTagName(name);
  return Array.from({ length: found.length }, (_, index) => found.item(index) as DomElement);
}

/** The one element with this prefixed name. @throws if there is none, or another one */
export function only(element: DomElement, name: string): DomElement {
  const found = all(element, name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${name} comes ${found.length} times`);
  return found[0];
}

/** Children that are elements, in order. */
export function children(element: DomElement): DomElement[] {
  const found: DomElement[] = [];
  for (let node = element.firstChild; node !== null; node = node.nextSibling) if (node.nodeType === 1) found.push(node);
  return found;
}

/** Attributes without namespace declarations, in document order. */
export function attributes(element: DomElement): Record<string, string> {
  const list = Array.from({ length: element.attributes.length }, (_, index) => element.attributes.item(index));
  return Object.fromEntries(list.filter(({ name }) => !/^xmlns/.test(name)).map(({ name, value }) => [name, value]));
}
