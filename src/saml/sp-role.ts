import { escapeAttribute, escapeText } from './escape.ts';
import { METADATA, PROTOCOL } from './names.ts';
import { childrenNamed, type XmlElement } from './xml.ts';

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
 * @param refuse makes the error from a sentence
 * @throws what `refuse` makes, where there is none or more than one
 */
export function findSpRole(root: XmlElement, refuse: (message: string) => Error): SpRole {
  if (root.namespace !== METADATA || !['EntityDescriptor', 'EntitiesDescriptor'].includes(root.name)) {
    throw refuse(`its root element is ${root.name}; expected is EntityDescriptor of ${METADATA}.`);
  }
  const entities = entitiesOf(root);
  const roles = entities.flatMap(({ around, entity }) => {
    const descriptor = childrenNamed(entity, METADATA, 'SPSSODescriptor').find(speaksSaml2);
    return descriptor === undefined ? [] : [{ around, entity, descriptor }];
  });
  const [only] = roles;
  if (only === undefined) throw refuse(whyNone(entities.map(({ entity }) => entity)));
  if (roles.length > 1) {
    const ids = roles.slice(0, MAX_NAMED).map(({ entity }) => `"${entity.attributes.get('entityID') ?? ''}"`);
    if (roles.length > MAX_NAMED) ids.push('...');
    throw refuse(
      `it describes ${roles.length} Service Providers (${ids.join(', ')}); give the EntityDescriptor of the one that is meant alone.`,
    );
  }
  return only;
}

// White space around the value of an attribute says nothing in any of the types that metadata uses (XML Schema 2, 4.3.6).
function write({ namespace, name, attributes, text, children }: XmlElement): string {
  const written = [...attributes].map(([key, value]) => ` ${key}="${escapeAttribute(value.trim())}"`).join('');
  return `<${name} xmlns="${escapeAttribute(namespace)}"${written}>${escapeText(text)}${children.map(write).join('')}</${name}>`;
}

/**
 * A document of the entity with this role alone, written from what was parsed: whoever reads it reads what was checked.
 * In metadata an element has text or elements inside, never both, so that nothing changes its place.
 */
export function writeSpEntity({ entity, descriptor }: SpRole): string {
  return write({ ...entity, children: [descriptor] });
}
