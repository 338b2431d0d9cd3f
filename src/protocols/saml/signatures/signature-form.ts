import { ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, XMLDSIG } from '../names.ts';
import { childrenNamed, type XmlElement } from '../reading/xml.ts';
import { CANONICALIZATIONS } from './canonicalization.ts';
import {
  invalidSignature,
  isBase64,
  type RequestSignatureAlgorithm,
  refusedAlgorithm,
  requireAlgorithm,
} from './request-signature-algorithms.ts';

type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** XML Encryption 1.1, 5.7 and RFC 9231, 2.1.3: accepted Reference digests. */
const DIGESTS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
]);
/** Their identifiers, most common first. */
export const REQUEST_DIGEST_URIS = [...DIGESTS.keys()];
/** Attributes that a verifier may treat as IDs. */
const ID_ATTRIBUTES = ['ID', 'Id', 'id'];

/** The algorithms of a signature whose form SAML allows. */
export interface SignatureForm {
  readonly signatureMethod: string;
  readonly algorithm: RequestSignatureAlgorithm;
  readonly digestMethod: string;
  readonly digest: DigestAlgorithm;
  readonly inclusiveSignedInfo: boolean;
}

function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}

const algorithmOf = (element: XmlElement) => element.attributes.get('Algorithm');
const quoted = (value: string | undefined) => (value === undefined ? 'none' : `"${value.slice(0, 200)}"`);

function requireValue(what: string, expected: string, found: string | undefined): void {
  if (found !== expected) throw invalidSignature(`${what} "${expected}"`, quoted(found));
}

/**
 * Returns the children of a part of the signature, which must be exactly these (XML Signature 1.1, 4). A verifier that
 * matches local names, or takes the first of two, then finds the same elements as we do.
 */
function parts<Names extends readonly string[]>(
  parent: XmlElement,
  ...names: Names
): { [Key in keyof Names]: XmlElement } {
  const found = parent.children.map(({ namespace, name }) => (namespace === XMLDSIG ? name : `{${namespace}}${name}`));
  if (found.join() !== names.join()) {
    throw invalidSignature(
      `${names.join(', ') || 'nothing'} in ${parent.name}`,
      found.join(', ').slice(0, 300) || 'nothing',
    );
  }
  return parent.children as { [Key in keyof Names]: XmlElement };
}

/** Far longer than any real list. Verifiers look up each prefix at every element, before they know who signed. */
const MAX_PREFIX_LIST = 200;

function checkCanonicalization(what: string, element: XmlElement): void {
  const uri = algorithmOf(element);
  const canonicalization = CANONICALIZATIONS.get(uri ?? '');
  if (canonicalization === undefined) {
    throw refusedAlgorithm(what, `"${EXCLUSIVE_C14N}" or C14N 1.0 or 1.1`, uri);
  }
  if (!canonicalization.acceptsPrefixes) {
    parts(element);
    return;
  }
  const strange = element.children.find(
    ({ namespace, name }) => namespace !== EXCLUSIVE_C14N || name !== 'InclusiveNamespaces',
  );
  if (strange !== undefined || element.children.length > 1) {
    throw invalidSignature(`at most one InclusiveNamespaces in ${what}`, strange?.name ?? 'several');
  }
  const { length } = element.children[0]?.attributes.get('PrefixList') ?? '';
  if (length > MAX_PREFIX_LIST) {
    throw invalidSignature(`a PrefixList of at most ${MAX_PREFIX_LIST} characters in ${what}`, `${length} characters`);
  }
}

function requireBase64(element: XmlElement): void {
  parts(element);
  if (!isBase64(element.text.replace(/[ \t\r\n]/g, '')))
    throw invalidSignature(`base64 in ${element.name}`, 'something else');
}

/**
 * SAML core, 5.4.4: the enveloped transform and a canonicalization, and nothing that could add or remove content. If
 * the canonicalization is omitted, it is C14N 1.0 (XML Signature 1.1, 4.4.3.2).
 */
function checkTransforms(transforms: XmlElement): void {
  const [enveloped, canonical] =
    transforms.children.length === 1 ? parts(transforms, 'Transform') : parts(transforms, 'Transform', 'Transform');
  requireValue('the first Transform', ENVELOPED_SIGNATURE, algorithmOf(enveloped));
  parts(enveloped);
  if (canonical !== undefined) checkCanonicalization('The second Transform', canonical);
}

function requireDigest(uri: string | undefined): DigestAlgorithm {
  const digest = DIGESTS.get(uri ?? '');
  if (digest === undefined) throw refusedAlgorithm('Digest algorithm', 'SHA-256, SHA-384 or SHA-512', uri);
  return digest;
}

function findSignature(root: XmlElement, all: readonly XmlElement[]): XmlElement {
  const signatures = all.filter(({ namespace, name }) => namespace === XMLDSIG && name === 'Signature');
  if (signatures.length !== 1) throw invalidSignature('one Signature in the message', `${signatures.length}`);
  const [signature] = childrenNamed(root, XMLDSIG, 'Signature');
  if (signature === undefined)
    throw invalidSignature('the Signature as a direct child of the message', 'one nested deeper');
  return signature;
}

/**
 * Checks the form of the signature before trusting any of it (SAML core, 5.4): there is exactly one, it is a child of
 * the root, it covers the root and nothing else, and no other element has an ID that could be mistaken for the root's.
 *
 * @returns the algorithms that it names @throws IdpError signature_invalid, signature_algorithm_refused
 */
export function checkSignatureForm(root: XmlElement): SignatureForm {
  const all = [...elementsOf(root)];
  const signature = findSignature(root, all);
  const ids = all.flatMap(({ attributes }) => ID_ATTRIBUTES.flatMap((name) => attributes.get(name) ?? []));
  if (new Set(ids).size < ids.length) throw invalidSignature('unique IDs', 'a duplicate');
  const id = root.attributes.get('ID');
  if (id === undefined || id === '') throw invalidSignature('an ID on the message', 'none');

  // KeyInfo is optional. Object is refused: it could hold another message, and SAML does not use it (SAML core, 5.4.5).
  const [signedInfo, value] =
    signature.children.length === 2
      ? parts(signature, 'SignedInfo', 'SignatureValue')
      : parts(signature, 'SignedInfo', 'SignatureValue', 'KeyInfo');
  const [canonicalization, method, reference] = parts(
    signedInfo,
    'CanonicalizationMethod',
    'SignatureMethod',
    'Reference',
  );
  const [transforms, digestMethod, digestValue] = parts(reference, 'Transforms', 'DigestMethod', 'DigestValue');

  const algorithm = requireAlgorithm(algorithmOf(method));
  const digest = requireDigest(algorithmOf(digestMethod));
  for (const element of [method, digestMethod]) parts(element);
  for (const element of [value, digestValue]) requireBase64(element);
  checkCanonicalization('CanonicalizationMethod', canonicalization);
  requireValue('the Reference', `#${id}`, reference.attributes.get('URI'));
  checkTransforms(transforms);
  return {
    signatureMethod: algorithmOf(method) ?? '',
    algorithm,
    digestMethod: algorithmOf(digestMethod) ?? '',
    digest,
    inclusiveSignedInfo: CANONICALIZATIONS.get(algorithmOf(canonicalization) ?? '')?.acceptsPrefixes === false,
  };
}
