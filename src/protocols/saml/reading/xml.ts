import { SaxesParser, type SaxesTagNS } from 'saxes';

/** An element of a parsed message, without comments and processing instructions. */
export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  /** Attributes without a namespace, by name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The character data directly inside the element. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  children: XmlElement[];
  text: string;
}

/** Why a document was not taken. `forbidden`: well-formed or not, it has what is never accepted. */
export class XmlError extends Error {
  readonly kind: 'malformed' | 'forbidden';

  constructor(kind: 'malformed' | 'forbidden', message: string) {
    super(message);
    this.name = 'XmlError';
    this.kind = kind;
  }
}

const MAX_DEPTH = 50;
/** Many times what any message or metadata has, and few enough to be read in a few milliseconds. */
const MAX_NODES = 4_000;
/** Attributes, references, and the line breaks and tabs that a parser must rewrite: each costs it as much as many letters. */
const MAX_COSTLY = 10_000;

/** Says whether the document has more of what is costly to read than any message or metadata has. */
function isCostly(text: string): boolean {
  let costly = 0;
  for (let position = 0; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (code === 0x3d || code === 0x26 || code === 0x0a || code === 0x0d || code === 0x09) costly += 1;
  }
  return costly > MAX_COSTLY;
}

function openElement(tag: SaxesTagNS): OpenElement {
  const attributes = new Map<string, string>();
  for (const attribute of Object.values(tag.attributes)) {
    if (attribute.uri === '') attributes.set(attribute.local, attribute.value);
  }
  return { namespace: tag.uri, name: tag.local, attributes, children: [], text: '' };
}

/**
 * Parses an XML document from outside: well-formed, namespace-aware, one root. A document type, a processing
 * instruction or a comment anywhere is refused: no SAML message needs one, and each has been a way to make two readers
 * see two different messages. Metadata that people edit by hand may keep its comments: they are dropped.
 *
 * @throws XmlError
 */
export function parseXml(text: string, options: { comments: 'refuse' | 'drop' } = { comments: 'refuse' }): XmlElement {
  if (isCostly(text)) {
    throw new XmlError('forbidden', `more than ${MAX_COSTLY} attributes, references, line breaks and tabs`);
  }
  if (options.comments === 'refuse' && text.includes('<!--')) {
    throw new XmlError('forbidden', 'the document contains a comment');
  }
  const parser = new SaxesParser({ xmlns: true, position: false });
  // Whoever edits a document by hand wants to know where it is wrong.
  const place = () => (options.comments === 'drop' ? ` (line ${parser.line})` : '');
  const open: OpenElement[] = [];
  let root: OpenElement | undefined;
  let nodes = 0;
  const countNodes = (count: number) => {
    nodes += count;
    if (nodes > MAX_NODES)
      throw new XmlError('forbidden', `more than ${MAX_NODES} elements, attributes and CDATA sections`);
  };
  const forbid = (what: string) => () => {
    throw new XmlError('forbidden', `the document contains ${what}${place()}`);
  };
  const addText = (data: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += data;
  };
  // Six handlers and no more: with the seventh, V8 makes the parser an object that looks every field up by its name, and
  // a message takes four times as long. What would be the handler of errors is thrown instead, and caught below.
  parser.on('doctype', forbid('a document type declaration'));
  parser.on('processinginstruction', forbid('a processing instruction'));
  parser.on('opentag', (tag) => {
    const element = openElement(tag);
    countNodes(1 + Object.keys(tag.attributes).length);
    if (open.length >= MAX_DEPTH) throw new XmlError('forbidden', `elements nested deeper than ${MAX_DEPTH}`);
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
    open.push(element);
  });
  parser.on('text', addText);
  parser.on('cdata', (data) => {
    countNodes(1);
    addText(data);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof XmlError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new XmlError('malformed', `${message.replace(/\.$/, '')}${place()}`);
  }
  if (root === undefined) throw new XmlError('malformed', 'the document has no root element');
  return root;
}

/** The children with this name, in document order. */
export function childrenNamed(element: XmlElement, namespace: string, name: string): XmlElement[] {
  return element.children.filter((child) => child.namespace === namespace && child.name === name);
}

/** Without the white space of XML around it (XML 1.0, 2.3), which is less than what `trim` takes for it. */
export const trimXml = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
