import { SaxesParser } from 'saxes';

/** An element of a well-formed, namespace-correct document. */
export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  /** Attributes without a namespace, by name. SAML's own attributes never have one. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

const maxDepth = 100;

/**
 * Parses a document into a tree. Document type declarations are refused, because entities can be used to read files or
 * to exhaust memory; processing instructions are refused because SAML has no use for them.
 * @throws Error with the parser's message if the text is not well-formed or not namespace-correct
 */
export function readXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: true });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;

  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new Error('a document type declaration (DOCTYPE) is not allowed');
  });
  parser.on('processinginstruction', () => {
    throw new Error('a processing instruction is not allowed');
  });
  parser.on('opentag', (tag) => {
    if (open.length >= maxDepth) {
      throw new Error(`elements are nested deeper than ${maxDepth}`);
    }
    const attributes = Object.values(tag.attributes)
      .filter((attribute) => attribute.uri === '')
      .map((attribute): [string, string] => [attribute.local, attribute.value]);
    const element: OpenElement = {
      namespace: tag.uri,
      name: tag.local,
      attributes: new Map(attributes),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const addText = (text: string) => {
    const element = open.at(-1);
    if (element !== undefined) {
      element.text += text;
    }
  };
  parser.on('text', addText);
  parser.on('cdata', addText);

  parser.write(text).close();
  if (root === undefined) {
    throw new Error('it contains no element');
  }
  return root;
}

/** The child elements with a namespace and a name, in document order. */
export function childrenNamed(element: XmlElement, namespace: string, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.namespace === namespace && child.name === name);
}
