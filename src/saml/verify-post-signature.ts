import { hash, type X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { type HashAlgorithm, type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, XMLDSIG } from './names.ts';
import {
  fits,
  invalidSignature,
  REQUEST_SIGNATURE_ALGORITHMS,
  type RequestSignatureAlgorithm,
  requireAlgorithm,
  requireCertificates,
  verifies,
} from './request-signature-algorithms.ts';
import { childrenNamed, parseXml, type XmlElement } from './xml.ts';

/** XML Encryption 1.1, 5.7 and RFC 9231, 2.1.3: digests that a Reference may have. */
const DIGESTS: ReadonlyMap<string, 'sha256' | 'sha384' | 'sha512'> = new Map([
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
]);
/** Attributes that xml-crypto takes for identifiers. */
const ID_ATTRIBUTES = ['ID', 'Id', 'id'];

function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}

function onlyChild(parent: XmlElement, name: string): XmlElement {
  const [child, ...others] = childrenNamed(parent, XMLDSIG, name);
  if (child === undefined || others.length > 0)
    throw invalidSignature(`one ${name}`, `${others.length + (child ? 1 : 0)}`);
  return child;
}

const algorithmOf = (element: XmlElement) => element.attributes.get('Algorithm');

function requireValue(what: string, expected: string, found: string | undefined): void {
  if (found !== expected)
    throw invalidSignature(`${what} "${expected}"`, found === undefined ? 'none' : `"${found.slice(0, 200)}"`);
}

/** SAML core, 5.4.4: the enveloped transform and exclusive canonicalisation, and nothing that could cut out or add. */
function checkTransforms(reference: XmlElement): void {
  const transforms = childrenNamed(onlyChild(reference, 'Transforms'), XMLDSIG, 'Transform').map(algorithmOf);
  const [first, second, ...others] = transforms;
  if (first === ENVELOPED_SIGNATURE && second === EXCLUSIVE_C14N && others.length === 0) return;
  throw invalidSignature(
    'the transforms enveloped-signature and exclusive canonicalisation',
    transforms.join(', ').slice(0, 300),
  );
}

/**
 * Looks at the form of the signature before any of it is believed (SAML core, 5.4): it stands once, right under the root,
 * covers the root and nothing else, and there is no second element by the same ID to be mistaken for it.
 *
 * @returns the algorithm that it names @throws IdpError signature_invalid, signature_algorithm_refused
 */
function checkForm(root: XmlElement): RequestSignatureAlgorithm {
  const all = [...elementsOf(root)];
  const signatures = all.filter(({ namespace, name }) => namespace === XMLDSIG && name === 'Signature');
  if (signatures.length !== 1) throw invalidSignature('one Signature in the message', `${signatures.length}`);
  const signature = onlyChild(root, 'Signature');
  const strange = signature.children.find(
    ({ namespace, name }) => namespace !== XMLDSIG || !['SignedInfo', 'SignatureValue', 'KeyInfo'].includes(name),
  );
  if (strange !== undefined)
    throw invalidSignature('SignedInfo, SignatureValue and KeyInfo in the Signature', strange.name);
  const ids = all.flatMap(({ attributes }) => ID_ATTRIBUTES.flatMap((name) => attributes.get(name) ?? []));
  if (new Set(ids).size < ids.length) throw invalidSignature('every ID once', 'one that comes twice');

  const signedInfo = onlyChild(signature, 'SignedInfo');
  requireValue('CanonicalizationMethod', EXCLUSIVE_C14N, algorithmOf(onlyChild(signedInfo, 'CanonicalizationMethod')));
  const reference = onlyChild(signedInfo, 'Reference');
  requireValue('the Reference', `#${root.attributes.get('ID') ?? ''}`, reference.attributes.get('URI'));
  checkTransforms(reference);
  const digest = algorithmOf(onlyChild(reference, 'DigestMethod'));
  if (!DIGESTS.has(digest ?? '')) requireAlgorithm(digest);
  return requireAlgorithm(algorithmOf(onlyChild(signedInfo, 'SignatureMethod')));
}

/** xml-crypto's two kinds of plug: each class knows one algorithm, and verifies on our own terms. */
function digestClass(uri: string, algorithm: string): new () => HashAlgorithm {
  return class {
    getAlgorithmName = () => uri;
    getHash = (xml: string) => hash(algorithm, xml, 'base64');
  };
}

function signatureClass(uri: string, certificate: X509Certificate): new () => SignatureAlgorithm {
  const algorithm = requireAlgorithm(uri);
  return class {
    getAlgorithmName = () => uri as ReturnType<SignatureAlgorithm['getAlgorithmName']>;
    getSignature = () => {
      throw new Error('requests are not signed here');
    };
    // The key is the one of the registered certificate, whatever xml-crypto was handed.
    verifySignature = (material: string, _key: unknown, value: string) =>
      verifies(Buffer.from(material), Buffer.from(value, 'base64'), certificate, algorithm);
  };
}

/** @returns what the signature covers, or undefined where it was not made with this certificate's key */
function verifyWith(xml: string, signature: Node, certificate: X509Certificate): string | undefined {
  const signedXml = new SignedXml({
    publicCert: certificate.toString(),
    // KeyInfo is the sender's word on who signed. It is never asked.
    getCertFromKeyInfo: () => null,
  });
  const digests = [...DIGESTS].map(([uri, algorithm]) => [uri, digestClass(uri, algorithm)]);
  signedXml.HashAlgorithms = Object.fromEntries(digests) as typeof signedXml.HashAlgorithms;
  const methods = [...REQUEST_SIGNATURE_ALGORITHMS.keys()].map((uri) => [uri, signatureClass(uri, certificate)]);
  signedXml.SignatureAlgorithms = Object.fromEntries(methods) as typeof signedXml.SignatureAlgorithms;
  try {
    signedXml.loadSignature(signature);
    if (!signedXml.checkSignature(xml)) return undefined;
  } catch {
    // It throws where a digest or the value does not fit.
    return undefined;
  }
  const signed = signedXml.getSignedReferences();
  return signed.length === 1 ? signed[0] : undefined;
}

/**
 * Verifies the signature inside a message (SAML core, 5; SAML bindings, 3.5.4) with xml-crypto.
 *
 * @param xml the message @param certificates DER in base64; any of them may have signed
 * @returns the bytes that the signature covers, in canonical form: to be read instead of the message
 * @throws IdpError signature_invalid, signature_algorithm_refused; XmlError where it is not acceptable XML
 */
export function verifyPostSignature(xml: string, certificates: readonly string[]): string {
  const root = parseXml(xml);
  const algorithm = checkForm(root);
  const known = requireCertificates(certificates);
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const signature = document.getElementsByTagNameNS(XMLDSIG, 'Signature')[0] as unknown as Node;
  for (const certificate of known.filter((one) => fits(one, algorithm))) {
    const signed = verifyWith(xml, signature, certificate);
    if (signed !== undefined) return signed;
  }
  throw invalidSignature('one by a registered certificate', 'one that does not verify with any of them');
}
