import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { XMLDSIG } from '../saml/names.ts';

const toPem = (certificate: string) => `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;

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
  const valid = certificates.some((certificate) => {
    const signedXml = new SignedXml({ publicCert: toPem(certificate), getCertFromKeyInfo: () => null });
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
