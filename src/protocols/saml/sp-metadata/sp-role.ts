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

/** All EntityDescriptors with the groups around them; groups may be nested (SAML metadata, 2.3.1). */
function entitiesOf(element: XmlElement, around: readonly XmlElement[] = []): Omit<SpRole, 'descriptor'>[] {
  if (element.namespace !== METADATA) return [];
  if (element.name === 'EntityDescriptor') return [{ around, entity: element }];
  if (element.name !== 'EntitiesDescriptor') return [];
  return element.children.flatMap((child) => entitiesOf(child, [...around, element]));
}

/**
 * A role lists the protocols that it speaks (SAML metadata, 2.4.1). One without a list is assumed to speak SAML 2.0.
 */
const speaksSaml2 = (role: XmlElement) =>
  (role.attributes.get('protocolSupportEnumeration') ?? PROTOCOL).split(/\s+/).includes(PROTOCOL);

function whyNone(entities: readonly XmlElement[]): string {
  if (entities.length === 0) return 'it has no EntityDescriptor.';
  const has = (role: string) => entities.some((entity) => childrenNamed(entity, METADATA, role).length > 0);
  if (has('SPSSODescriptor')) return `its SPSSODescriptor must support the protocol ${PROTOCOL}.`;
  if (has('IDPSSODescriptor')) {
    return 'it describes an Identity Provider, not a Service Provider. Ask Invoice Cloud for its SP metadata.';
  }
  return 'it has no SPSSODescriptor.';
}

function whyNotMetadata({ name, namespace }: XmlElement): string {
  if (!['EntityDescriptor', 'EntitiesDescriptor'].includes(name)) {
    return `its root element is ${name}; it must be EntityDescriptor in the namespace ${METADATA}.`;
  }
  const found = namespace === '' ? 'is in no namespace: xmlns is missing' : `is in the namespace "${namespace}"`;
  return `its ${name} ${found}. It must be in ${METADATA}.`;
}

/**
 * Finds the only SAML 2.0 Service Provider in a document, even inside an EntitiesDescriptor or next to other roles.
 *
 * @throws InputError if there is none or more than one
 */
export function findSpRole(root: XmlElement): SpRole {
  if (root.namespace !== METADATA || !['EntityDescriptor', 'EntitiesDescriptor'].includes(root.name)) {
    throw unusable(whyNotMetadata(root));
  }
  const entities = entitiesOf(root);
  const roles = entities.flatMap(({ around, entity }) => {
    const descriptors = childrenNamed(entity, METADATA, 'SPSSODescriptor').filter(speaksSaml2);
    return descriptors.map((descriptor) => ({ around, entity, descriptor }));
  });
  const [only] = roles;
  if (only === undefined) throw unusable(whyNone(entities.map(({ entity }) => entity)));
  const entity = only.entity;
  if (roles.length > 1 && roles.every((role) => role.entity === entity)) {
    throw unusable(
      `its entity "${entity.attributes.get('entityID') ?? ''}" has ${roles.length} SPSSODescriptors for SAML 2.0; which one is meant is unclear. Ask for metadata with one.`,
    );
  }
  if (roles.length > 1) {
    const ids = roles.slice(0, MAX_NAMED).map(({ entity }) => `"${entity.attributes.get('entityID') ?? ''}"`);
    if (roles.length > MAX_NAMED) ids.push('...');
    throw unusable(
      `it describes ${roles.length} Service Providers (${ids.join(', ')}); name the right one by its entity ID, or provide only its EntityDescriptor.`,
    );
  }
  return only;
}

function write({ namespace, name, attributes, text, children }: XmlElement): string {
  const written = [...attributes].map(([key, value]) => ` ${key}="${escapeAttribute(trimXml(value))}"`).join('');
  return `<${name} xmlns="${escapeAttribute(namespace)}"${written}>${escapeText(text)}${children.map(write).join('')}</${name}>`;
}

/** The elements that samlify looks for. It matches local names anywhere in the document, in any namespace. */
const READ = ['AssertionConsumerService', 'NameIDFormat'];

/**
 * Writes a document of the entity with this role only, from the parsed tree, so that it contains nothing from
 * elsewhere. Surrounding white space is insignificant in these attributes' types (XML Schema 2, 4.3.6).
 *
 * @throws UnwritableTextError
 */
export function writeSpEntity({ entity, descriptor }: SpRole): string {
  const children = READ.flatMap((name) => childrenNamed(descriptor, METADATA, name));
  return write({ ...entity, children: [{ ...descriptor, children }] });
}
