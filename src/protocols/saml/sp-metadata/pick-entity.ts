import { SaxesParser, type SaxesTagNS } from 'saxes';
import { METADATA } from '../names.ts';
import { trimXml } from '../reading/xml.ts';
import { unusable } from './unusable-metadata.ts';

/** A whole federation has some thousands of entities; this is several times the largest in use. */
const MAX_CHARACTERS = 256 * 1024 * 1024;

interface Open {
  readonly name: string;
  /** Its start tag, as the document has it. */
  readonly startTag: string;
}

const isEntity = (tag: SaxesTagNS, entityId: string) =>
  tag.local === 'EntityDescriptor' &&
  tag.uri === METADATA &&
  trimXml(tag.attributes.entityID?.value ?? '') === entityId;

/**
 * Cuts one entity out of metadata that describes many, with the start tags of the groups around it: they declare its
 * namespaces and say how long it is valid. Reading the rest takes no memory.
 *
 * @returns a document that describes this entity only
 * @throws InputError if the metadata has no such entity, has it twice, or is not acceptable XML
 */
export function pickEntity(xml: string, entityId: string): string {
  if (xml.length > MAX_CHARACTERS) throw unusable(`it has more than ${MAX_CHARACTERS} characters.`);
  const parser = new SaxesParser({ xmlns: true });
  const around: Open[] = [];
  let start = 0;
  let wanted: { readonly depth: number; readonly from: number } | undefined;
  let found: string | undefined;
  parser.on('doctype', () => {
    throw unusable('it is not acceptable XML: the document contains a document type declaration.');
  });
  parser.on('opentagstart', ({ name }) => {
    // The position is behind the name and the character that ends it. The next tag may begin right there.
    start = xml.lastIndexOf(`<${name}`, parser.position - 1);
  });
  parser.on('opentag', (tag) => {
    if (wanted === undefined && isEntity(tag, entityId)) {
      if (found !== undefined) throw unusable(`it describes the entity "${entityId}" twice.`);
      wanted = { depth: around.length, from: start };
    }
    if (!tag.isSelfClosing) around.push({ name: tag.name, startTag: xml.slice(start, parser.position) });
  });
  parser.on('closetag', (tag) => {
    if (!tag.isSelfClosing) around.pop();
    if (wanted === undefined || around.length !== wanted.depth) return;
    const entity = xml.slice(wanted.from, parser.position);
    found = [
      ...around.map(({ startTag }) => startTag),
      entity,
      ...around.map(({ name }) => `</${name}>`).reverse(),
    ].join('');
    wanted = undefined;
  });
  try {
    parser.write(xml).close();
  } catch (error) {
    if (error instanceof Error && error.name === 'InputError') throw error;
    throw unusable(`it is not acceptable XML: ${(error as Error).message}.`);
  }
  if (found === undefined) throw unusable(`it does not describe the entity "${entityId}".`);
  return found;
}
