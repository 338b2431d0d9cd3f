import { hash, type X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { type HashAlgorithm, type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { ENVELOPED_SIGNATURE, XMLDSIG } from '../names.ts';
import { parseXml } from '../reading/xml.ts';
import { CANONICALIZATIONS } from './canonicalization.ts';
import { invalidSignature, notByAny, requireCertificates, verifies } from './request-signature-algorithms.ts';
import { checkSignatureForm, type SignatureForm } from './signature-form.ts';

/**
 * Maximum size of a signed message, many times larger than any real one. xml-crypto finds its Reference by XPath, which
 * takes seconds on a megabyte of attributes, and anyone can send such a message.
 */
const MAX_CHARACTERS = 64 * 1024;
/** Elements and attributes, including namespace declarations. */
const MAX_NODES = 500;

function tooLarge(limit: string): IdpError {
  return new IdpError('saml_request_too_large', { detail: `the signed message has more than ${limit}` });
}

/** Anything its parser warns about (which it would print to the console) it may read differently than ours. */
const onRemark = (_level: string, message: unknown): never => {
  throw invalidSignature('XML that all parsers read alike', 'XML that they read differently', message);
};

/**
 * What xml-crypto canonicalizes incorrectly: references in namespace names, and attributes such as xml:lang around
 * SignedInfo, which inclusive canonicalization repeats on SignedInfo (Canonical XML 1.0, 2.3 and 2.4).
 */
function refuseUncanonical(elements: readonly Element[], { inclusiveSignedInfo }: SignatureForm): void {
  for (const element of elements) {
    for (const { name, value } of Array.from(element.attributes)) {
      if (/^xmlns(:|$)/.test(name) && /[&<"\t\n\r]/.test(value)) {
        throw invalidSignature('namespace names without references', 'one with & < " or a line break');
      }
      if (inclusiveSignedInfo && name.startsWith('xml:')) {
        throw invalidSignature('no xml: attributes around a SignedInfo with inclusive canonicalization', `"${name}"`);
      }
    }
  }
}

/** The same document as xml-crypto's parser sees it. @returns its only Signature */
function parseSignature(xml: string, form: SignatureForm): Node {
  const document = new DOMParser({ errorHandler: onRemark }).parseFromString(xml, 'text/xml');
  const elements = Array.from(document.getElementsByTagName('*'));
  const nodes = elements.reduce((sum, { attributes }) => sum + 1 + attributes.length, 0);
  if (nodes > MAX_NODES) throw tooLarge(`${MAX_NODES} elements and attributes`);
  refuseUncanonical(elements as unknown as Element[], form);
  return document.getElementsByTagNameNS(XMLDSIG, 'Signature')[0] as unknown as Node;
}

/** xml-crypto's two extension points, restricted to what the form check found. */
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
    // Always the registered certificate's key, no matter what xml-crypto passes in.
    verifySignature = (material: string, _key: unknown, value: string) =>
      verifies(Buffer.from(material), Buffer.from(value, 'base64'), certificates, algorithm);
  };
}

function createVerifier(form: SignatureForm, certificates: readonly X509Certificate[]): SignedXml {
  const verifier = new SignedXml({
    // xml-crypto requires one.
    publicCert: String(certificates[0]),
    // KeyInfo is only the sender's claim about who signed. Never use it.
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
 * @returns the canonical bytes that the signature covers: read these instead of the message
 * @throws IdpError signature_invalid, signature_algorithm_refused, saml_request_too_large; XmlError if the XML is not
 * acceptable
 */
export function verifyPostSignature(xml: string, certificates: readonly string[]): string {
  if (xml.length > MAX_CHARACTERS) throw tooLarge(`${MAX_CHARACTERS} characters`);
  // What was signed is read from xml-crypto's canonical form, which drops comments: it must not see any.
  if (xml.includes('<!--')) throw invalidSignature('a signed message without comments', 'a comment');
  const form = checkSignatureForm(parseXml(xml));
  const fitting = requireCertificates(certificates, form.algorithm);
  const signature = parseSignature(xml, form);
  const verifier = createVerifier(form, fitting);
  let whole: boolean;
  try {
    verifier.loadSignature(signature);
    whole = verifier.checkSignature(xml);
  } catch (error) {
    // xml-crypto's error for a wrong value over SignedInfo.
    throw notByAny(fitting, error);
  }
  const [signed, ...others] = verifier.getSignedReferences();
  if (whole && signed !== undefined && others.length === 0) return signed;
  throw invalidSignature('the message as signed', 'a different digest: the message was changed after signing');
}
