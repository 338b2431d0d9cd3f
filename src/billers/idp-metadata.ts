import { IdpError } from '../errors/idp-error.ts';
import type { BillerKeys } from '../keys/keys.ts';
import { entityTag, writeIdpMetadata } from '../saml/metadata.ts';
import { NAME_ID_FORMATS } from '../saml/names.ts';
import { type Biller, requiresSignature } from './biller.ts';

interface IdpMetadata {
  readonly document: string;
  readonly tag: string;
}

// Biller and keys are read anew when they change, so a document is good for as long as both are the same objects.
const written = new WeakMap<BillerKeys, { readonly biller: Biller; readonly metadata: Promise<IdpMetadata> }>();

/** @returns the biller's IdP metadata and its entity tag @throws IdpError signing_key_unavailable */
export async function idpMetadataOf(biller: Biller, keys: BillerKeys, publicUrl: string): Promise<IdpMetadata> {
  const known = written.get(keys);
  if (known?.biller === biller) return known.metadata;
  const metadata = write(biller, keys, publicUrl);
  written.set(keys, { biller, metadata });
  metadata.catch(() => written.delete(keys));
  return metadata;
}

/**
 * Metadata with one certificate in it, for the fetch by which that key becomes active.
 *
 * @param certificate DER in base64
 */
export function oneTimeMetadataOf(
  biller: Biller,
  keys: BillerKeys,
  certificate: string,
  publicUrl: string,
): Promise<IdpMetadata> {
  return write(biller, { ...keys, certificates: [certificate] }, publicUrl);
}

async function write(biller: Biller, keys: BillerKeys, publicUrl: string): Promise<IdpMetadata> {
  const { active } = keys;
  if (active === undefined) {
    throw new IdpError('signing_key_unavailable', { detail: 'the biller has no active signing key' });
  }
  const agreed = NAME_ID_FORMATS[biller.settings.nameIdFormat];
  const others = Object.values(NAME_ID_FORMATS).filter((format) => format !== agreed);
  const content = {
    entityId: biller.entityId,
    ssoUrl: biller.ssoUrl,
    certificates: keys.certificates,
    nameIdFormats: [agreed, ...others],
    organizationName: biller.name,
    organizationUrl: biller.settings.portalUrl ?? publicUrl,
    wantAuthnRequestsSigned: requiresSignature(biller),
    // Not "in two weeks": it would change every day, and an SP that copies once would find its copy outdated.
    validUntil: active.notAfter.getTime(),
  };
  const document = await writeIdpMetadata(content, biller.settings.signMetadata ? active.signer : undefined);
  return { document, tag: entityTag(document) };
}
