import { IdpError } from '../../../platform/errors/idp-error.ts';
import { parseInstant } from '../instant.ts';
import { METADATA } from '../names.ts';
import { parseXml, XmlError } from '../reading/xml.ts';
import { verifyPostSignature } from '../signatures/verify-post-signature.ts';
import { unusable } from './unusable-metadata.ts';

/**
 * Verifies the signature on the root of SP metadata (SAML metadata, 3), under the rules for signed requests: one
 * signature, which covers the whole document, by a key that was registered before.
 *
 * The root must say how long it is valid. Otherwise whoever can answer at the URL could bring back an old document, with
 * a certificate that was withdrawn since.
 *
 * @param certificates DER in base64, of the keys that may have signed @param now milliseconds since 1970
 * @returns what was signed: read this instead of the document
 * @throws InputError if it is not signed like that, or is not valid now
 */
export function verifySignedMetadata(xml: string, certificates: readonly string[], now: number): string {
  let signed: string;
  try {
    signed = verifyPostSignature(xml.replace(/^\ufeff/, ''), certificates);
  } catch (error) {
    if (error instanceof IdpError) throw unusable(`its signature is not accepted: ${error.detail}.`);
    if (error instanceof XmlError) throw unusable(`it is not acceptable XML: ${error.message}.`);
    throw error;
  }
  const { namespace, name, attributes } = parseXml(signed);
  if (namespace !== METADATA || !['EntityDescriptor', 'EntitiesDescriptor'].includes(name)) {
    throw unusable('its root element must be EntityDescriptor or EntitiesDescriptor.');
  }
  const validUntil = attributes.get('validUntil')?.trim();
  const instant = validUntil === undefined ? undefined : parseInstant(validUntil);
  if (instant === undefined)
    throw unusable('its root element has no validUntil; without one it could be an old document.');
  if (instant <= now) throw unusable(`it expired at ${validUntil}.`);
  return signed;
}
