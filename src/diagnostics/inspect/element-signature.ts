import { X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { type SignatureAlgorithm, SignedXml } from 'xml-crypto';
import { XMLDSIG } from '../../protocols/saml/names.ts';
import { SIGNATURE_ALGORITHM_URIS } from '../../protocols/saml/signatures/algorithms.ts';
import { requireAlgorithm, verifies } from '../../protocols/saml/signatures/request-signature-algorithms.ts';

type Algorithms = SignedXml['SignatureAlgorithms'];

/** xml-crypto knows no ECDSA, and does know SHA-1: it gets the algorithms that we sign with, and no other. */
function ourAlgorithms(certificate: X509Certificate): Algorithms {
  const classes = Object.values(SIGNATURE_ALGORITHM_URIS).map((uri): [string, new () => SignatureAlgorithm] => [
    uri,
    class {
      getAlgorithmName = () => uri as keyof Algorithms;
      getSignature = () => {
        throw new Error('nothing is signed here');
      };
      verifySignature = (material: string, _key: unknown, value: string) =>
        verifies(Buffer.from(material), Buffer.from(value, 'base64'), [certificate], requireAlgorithm(uri));
    },
  ]);
  return Object.fromEntries(classes) as Algorithms;
}

/**
 * Verifies the signature of one element of a message of ours with xml-crypto.
 *
 * @param name the element's local name, e.g. Assertion
 * @param certificates DER in base64; any of them may have signed
 * @returns `none` where the element isn't there or carries no signature
 */
export function checkElementSignature(
  xml: string,
  name: string,
  certificates: readonly string[],
): 'none' | 'valid' | 'invalid' {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const element = document.getElementsByTagNameNS('*', name)[0];
  const children = Array.from(element?.childNodes ?? []) as Element[];
  const signature = children.find((child) => child.namespaceURI === XMLDSIG && child.localName === 'Signature');
  if (element === undefined || signature === undefined) return 'none';
  const id = element.getAttribute('ID');
  const valid = certificates.some((encoded) => {
    const certificate = new X509Certificate(Buffer.from(encoded, 'base64'));
    const signedXml = new SignedXml({ publicCert: certificate.toString(), getCertFromKeyInfo: () => null });
    signedXml.SignatureAlgorithms = ourAlgorithms(certificate);
    try {
      signedXml.loadSignature(signature as unknown as Node);
      const [reference, ...others] = signedXml.getReferences();
      return reference?.uri === `#${id}` && others.length === 0 && signedXml.checkSignature(xml);
    } catch {
      // xml-crypto throws where a digest or the value does not fit.
      return false;
    }
  });
  return valid ? 'valid' : 'invalid';
}
