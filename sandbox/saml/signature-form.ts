import { samlNames } from './saml-names.ts';
import { refused } from './strictness.ts';
import { childrenNamed, type XmlElement } from './xml-tree.ts';

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const signatureMethods = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
];
const digestMethods = ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'];
const transforms = ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive];

/**
 * Checks the form of the signatures on a Response and its assertion (SAML core 5.4): accepted algorithms, and one
 * Reference, to the element that contains the signature. node-saml verifies the signatures themselves, but would accept
 * SHA-1.
 * @throws Refusal
 */
export function checkSignatures(response: XmlElement): void {
  for (const holder of [response, ...childrenNamed(response, samlNames.assertion, 'Assertion')]) {
    for (const signature of childrenNamed(holder, samlNames.signature, 'Signature')) {
      checkSignature(holder, signature);
    }
  }
}

function checkSignature(holder: XmlElement, signature: XmlElement): void {
  const where = `The signature of the ${holder.name}`;
  const info = only(where, signature, 'SignedInfo');
  expectAlgorithm(where, only(where, info, 'CanonicalizationMethod'), [exclusive]);
  expectAlgorithm(where, only(where, info, 'SignatureMethod'), signatureMethods);
  const reference = only(where, info, 'Reference');
  if (reference.attributes.get('URI') !== `#${holder.attributes.get('ID')}`) {
    throw refused(`${where} does not refer to the ${holder.name} that contains it.`);
  }
  for (const transform of only(where, reference, 'Transforms').children) {
    expectAlgorithm(where, transform, transforms);
  }
  expectAlgorithm(where, only(where, reference, 'DigestMethod'), digestMethods);
}

function only(where: string, parent: XmlElement, name: string): XmlElement {
  const [found, ...more] = childrenNamed(parent, samlNames.signature, name);
  if (found === undefined || more.length > 0) {
    throw refused(`${where} must have exactly one ${name}.`);
  }
  return found;
}

function expectAlgorithm(where: string, element: XmlElement, accepted: readonly string[]): void {
  const algorithm = element.attributes.get('Algorithm') ?? '';
  if (!accepted.includes(algorithm)) {
    throw refused(`${where} uses ${algorithm} as ${element.name}; it must use ${accepted.join(' or ')}.`);
  }
}
