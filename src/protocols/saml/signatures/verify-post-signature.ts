import { hash, type X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { type HashAlgorithm, type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { ENVELOPED_SIGNATURE, XMLDSIG } from '../names.ts';
import { parseXml } from '../reading/xml.ts';
import { CANONICALIZATIONS } from './canonicalization.ts';
import { byNobody, invalidSignature, requireCertificates, verifies } from './request-signature-algorithms.ts';
import { checkSignatureForm, type SignatureForm } from './signature-form.ts';

/**
 * How large a signed message may be: many times what any Service Provider sends. xml-crypto looks for its Reference by
 * XPath, whose cost for a megabyte of attributes is seconds, and anybody may send such a message.
 */
const MAX_CHARACTERS = 64 * 1024;
/** Elements and attributes, namespace declarations among them. */
const MAX_NODES = 500;

function tooLarge(limit: string): IdpError {
  return new IdpError('saml_request_too_large', { detail: `the signed message has more than ${limit}` });
}

/** Whatever its parser remarks on, it would read otherwise than ours did, and say so on the console. */
const onRemark = (_level: string, message: unknown): never => {
  throw invalidSignature('XML as every parser reads it', 'XML that they read differently', message);
};

/**
 * What xml-crypto does not canonicalise as the standard has it: references in the name of a namespace, and attributes like
 * xml:lang around SignedInfo, which the inclusive canonicalisations repeat on it (Canonical XML 1.0, 2.3 and 2.4).
 */
function refuseUncanonical(elements: readonly Element[], { inclusiveSignedInfo }: SignatureForm): void {
  for (const element of elements) {
    for (const { name, value } of Array.from(element.attributes)) {
      if (/^xmlns(:|$)/.test(name) && /[&<"\t\n\r]/.test(value)) {
        throw invalidSignature('names of namespaces without references', 'one with & < " or a line break');
      }
      if (inclusiveSignedInfo && name.startsWith('xml:')) {
        throw invalidSignature('no xml: attribute where SignedInfo is canonicalised inclusively', `"${name}"`);
      }
    }
  }
}

/** The same document as xml-crypto's parser sees it. @returns its one Signature */
function parseSignature(xml: string, form: SignatureForm): Node {
  const document = new DOMParser({ errorHandler: onRemark }).parseFromString(xml, 'text/xml');
  const elements = Array.from(document.getElementsByTagName('*'));
  const nodes = elements.reduce((sum, { attributes }) => sum + 1 + attributes.length, 0);
  if (nodes > MAX_NODES) throw tooLarge(`${MAX_NODES} elements and attributes`);
  refuseUncanonical(elements as unknown as Element[], form);
  return document.getElementsByTagNameNS(XMLDSIG, 'Signature')[0] as unknown as Node;
}

/** xml-crypto's two kinds of plug, on our own terms: what the form check found is all that there is. */
function digestClass({ digestMethod, digest }: SignatureForm): new () => HashAlgorithm {
  return class {
    getAlgorithmName = () => digestMethod as ReturnType<HashAlgorithm['getAlgorithmName']>;
    getHash = (xml: string) => hash(digest, xml, 'base64');
  };
}

function signatureClass(
  { signatureMethod, algorithm }: SignatureForm,
  certificates: readonly X509Certificate[],
): new () => SignatureAlgorithm {
  return class {
    getAlgorithmName = () => signatureMethod as ReturnType<SignatureAlgorithm['getAlgorithmName']>;
    getSignature = () => {
      throw new Error('requests are not signed here');
    };
    // The key is that of a registered certificate, whatever xml-crypto was handed.
    verifySignature = (material: string, _key: unknown, value: string) =>
      verifies(Buffer.from(material), Buffer.from(value, 'base64'), certificates, algorithm);
  };
}

function createVerifier(form: SignatureForm, certificates: readonly X509Certificate[]): SignedXml {
  const verifier = new SignedXml({
    // It wants to be handed one.
    publicCert: String(certificates[0]),
    // KeyInfo is the sender's word on who signed. It is never asked.
    getCertFromKeyInfo: () => null,
  });
  const { CanonicalizationAlgorithms: transforms } = verifier;
  const only = <T>(entries: [string, T][]) => Object.fromEntries(entries) as Record<string, T>;
  verifier.CanonicalizationAlgorithms = only([
    ...Array.from(CANONICALIZATIONS, ([uri, { algorithm }]): [string, unknown] => [uri, algorithm]),
    [ENVELOPED_SIGNATURE, transforms[ENVELOPED_SIGNATURE]],
  ]) as typeof transforms;
  verifier.HashAlgorithms = only([[form.digestMethod, digestClass(form)]]) as typeof verifier.HashAlgorithms;
  verifier.SignatureAlgorithms = only([
    [form.signatureMethod, signatureClass(form, certificates)],
  ]) as typeof verifier.SignatureAlgorithms;
  return verifier;
}

/**
 * Verifies the signature inside a message (SAML core, 5; SAML bindings, 3.5.4) with xml-crypto.
 *
 * @param xml the message @param certificates DER in base64; any of them may have signed
 * @returns the bytes that the signature covers, in canonical form: to be read instead of the message
 * @throws IdpError signature_invalid, signature_algorithm_refused, saml_request_too_large; XmlError where it is not
 * acceptable XML
 */
export function verifyPostSignature(xml: string, certificates: readonly string[]): string {
  if (xml.length > MAX_CHARACTERS) throw tooLarge(`${MAX_CHARACTERS} characters`);
  const form = checkSignatureForm(parseXml(xml));
  const fitting = requireCertificates(certificates, form.algorithm);
  const signature = parseSignature(xml, form);
  const verifier = createVerifier(form, fitting);
  let whole: boolean;
  try {
    verifier.loadSignature(signature);
    whole = verifier.checkSignature(xml);
  } catch (error) {
    // This is how it says that the value over SignedInfo is wrong.
    throw byNobody(fitting, error);
  }
  const [signed, ...others] = verifier.getSignedReferences();
  if (whole && signed !== undefined && others.length === 0) return signed;
  throw invalidSignature('the message as it was signed', 'one with another digest: it was changed afterwards');
}
