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

/** Why a document was refused. `forbidden`: it contains something that is never accepted, well-formed or not. */
export class XmlError extends Error {
  readonly kind: 'malformed' | 'forbidden';

  constructor(kind: 'malformed' | 'forbidden', message: string) {
    super(message);
    this.name = 'XmlError';
    this.kind = kind;
  }
}

const MAX_DEPTH = 50;
/** Far more than any real message or metadata has, yet few enough to parse in a few milliseconds. */
const MAX_NODES = 4_000;
/**
 * Attributes, references, and the line breaks and tabs that a parser must rewrite: each costs as much as many letters.
 */
const MAX_COSTLY = 10_000;

/** Tells whether the document has more costly parts than any real message or metadata. */
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
 * What happens to comments. `refuse`: for bytes that another reader will also parse. `between`: dropped between elements,
 * refused inside a value, where readers disagree about what the value is (a<!-- -->b). `drop`: for metadata, which people
 * edit by hand.
 */
type Comments = 'refuse' | 'between' | 'drop';

/**
 * Parses an external XML document: well-formed, namespace-aware, one root. Refuses any document type and processing
 * instruction, and comments unless told otherwise: no SAML message needs one, and each has been used to make two readers see
 * two different messages.
 *
 * @throws XmlError
 */
export function parseXml(text: string, options: { comments: Comments } = { comments: 'refuse' }): XmlElement {
  if (isCostly(text)) {
    throw new XmlError('forbidden', `more than ${MAX_COSTLY} attributes, references, line breaks and tabs`);
  }
  if (options.comments === 'refuse' && text.includes('<!--')) {
    throw new XmlError('forbidden', 'the document contains a comment');
  }
  const parser = new SaxesParser({ xmlns: true, position: false });
  // People who edit a document by hand need to know where the error is.
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
  // Register no more than six handlers: with a seventh, V8 switches the parser object to dictionary mode and parsing takes
  // four times as long. So there is no error handler; errors are thrown and caught below.
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
  const commented = new Set<OpenElement | undefined>();
  parser.on('closetag', () => {
    const element = open.pop();
    if (element !== undefined && commented.has(element) && trimXml(element.text) !== '') {
      forbid(`a comment inside the value of ${element.name}`)();
    }
  });
  // Hardly any message has one, so that the seventh handler does not matter.
  if (options.comments === 'between' && text.includes('<!--')) {
    parser.on('comment', () => {
      countNodes(1);
      commented.add(open.at(-1));
    });
  }
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

/** Strips surrounding XML white space (XML 1.0, 2.3), a smaller set than the one `trim` strips. */
export const trimXml = (text: string): string => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
