import { METADATA, PROTOCOL } from '../names.ts';
import { childrenNamed, trimXml, type XmlElement } from '../reading/xml.ts';
import { escapeAttribute, escapeText } from '../writing/escape.ts';
import { unusable } from './unusable-metadata.ts';

/** Where a document describes a Service Provider. */
export interface SpRole {
  /** The EntitiesDescriptors around the entity, outermost first. */
  readonly around: readonly XmlElement[];
  readonly entity: XmlElement;
  /** The SPSSODescriptor. */
  readonly descriptor: XmlElement;
}

const MAX_NAMED = 5;

/** All EntityDescriptors, each with what stands around it; SAML metadata, 2.3.1 lets groups stand in groups. */
function entitiesOf(element: XmlElement, around: readonly XmlElement[] = []): Omit<SpRole, 'descriptor'>[] {
  if (element.namespace !== METADATA) return [];
  if (element.name === 'EntityDescriptor') return [{ around, entity: element }];
  if (element.name !== 'EntitiesDescriptor') return [];
  return element.children.flatMap((child) => entitiesOf(child, [...around, element]));
}

/** A role says which protocols it speaks (SAML metadata, 2.4.1); one without a word about it is taken for SAML 2.0. */
const speaksSaml2 = (role: XmlElement) =>
  (role.attributes.get('protocolSupportEnumeration') ?? PROTOCOL).split(/\s+/).includes(PROTOCOL);

function whyNone(entities: readonly XmlElement[]): string {
  if (entities.length === 0) return 'it has no EntityDescriptor.';
  const has = (role: string) => entities.some((entity) => childrenNamed(entity, METADATA, role).length > 0);
  if (has('SPSSODescriptor')) return `its SPSSODescriptor speaks another protocol; expected is ${PROTOCOL}.`;
  if (has('IDPSSODescriptor')) {
    return 'it describes an Identity Provider, not a Service Provider. Ask Invoice Cloud for its SP metadata.';
  }
  return 'it has no SPSSODescriptor.';
}

/**
 * Finds the one Service Provider of SAML 2.0 that a document describes, also where it stands in an EntitiesDescriptor or
 * beside other roles.
 *
 * @throws InputError where there is none or more than one
 */
export function findSpRole(root: XmlElement): SpRole {
  if (root.namespace !== METADATA || !['EntityDescriptor', 'EntitiesDescriptor'].includes(root.name)) {
    throw unusable(`its root element is ${root.name}; expected is EntityDescriptor of ${METADATA}.`);
  }
  const entities = entitiesOf(root);
  const roles = entities.flatMap(({ around, entity }) => {
    const descriptors = childrenNamed(entity, METADATA, 'SPSSODescriptor').filter(speaksSaml2);
    return descriptors.map((descriptor) => ({ around, entity, descriptor }));
  });
  const [only] = roles;
  if (only === undefined) throw unusable(whyNone(entities.map(({ entity }) => entity)));
  if (roles.length > 1) {
    const ids = roles.slice(0, MAX_NAMED).map(({ entity }) => `"${entity.attributes.get('entityID') ?? ''}"`);
    if (roles.length > MAX_NAMED) ids.push('...');
    throw unusable(
      `it describes ${roles.length} Service Providers (${ids.join(', ')}); give the EntityDescriptor of the one that is meant alone.`,
    );
  }
  return only;
}

function write({ namespace, name, attributes, text, children }: XmlElement): string {
  const written = [...attributes].map(([key, value]) => ` ${key}="${escapeAttribute(trimXml(value))}"`).join('');
  return `<${name} xmlns="${escapeAttribute(namespace)}"${written}>${escapeText(text)}${children.map(write).join('')}</${name}>`;
}

/** What is asked of the reader: it goes by local names, and takes these wherever they stand and whosever they are. */
const READ = ['AssertionConsumerService', 'NameIDFormat'];

/**
 * A document of the entity with this role alone, written from what was parsed: nothing in it is anybody else's, or stands
 * anywhere else. White space around a value says nothing in the types of these attributes (XML Schema 2, 4.3.6).
 *
 * @throws UnwritableTextError
 */
export function writeSpEntity({ entity, descriptor }: SpRole): string {
  const children = READ.flatMap((name) => childrenNamed(descriptor, METADATA, name));
  return write({ ...entity, children: [{ ...descriptor, children }] });
}
