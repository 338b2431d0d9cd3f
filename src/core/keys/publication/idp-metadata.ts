import { X509Certificate } from 'node:crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import { CACHE_DURATION_MS, entityTag, writeIdpMetadata } from '../../../protocols/saml/writing/metadata.ts';
import { type Biller, requiresSignature } from '../../billers/biller.ts';
import type { BillerKeys } from '../keys.ts';

interface IdpMetadata {
  readonly document: string;
  readonly tag: string;
}

interface Written {
  readonly biller: Biller;
  readonly metadata: Promise<IdpMetadata>;
  /** From then on it must say something else; milliseconds since 1970. */
  readonly goodUntil: number;
}

// Biller and keys are read anew when they change, so a document is good for as long as both are the same objects.
const written = new WeakMap<BillerKeys, Written>();

/**
 * When the last of the certificates ends. Not "in two weeks": it would change every day, and an SP that copies once would
 * find its copy outdated.
 *
 * Where the end is nearer than the next look of a reader who keeps the metadata, and where it is past and the biller goes
 * on signing, nothing is said: an SP must not use metadata after its validUntil (SAML metadata, 2.3.2), which would take
 * away the certificate that is to come, too.
 */
function validUntilOf(certificates: readonly string[], now: number): number | undefined {
  const ends = certificates.map((certificate) => new X509Certificate(Buffer.from(certificate, 'base64')).validToDate);
  const last = Math.max(...ends.map((end) => end.getTime()));
  return last - CACHE_DURATION_MS > now ? last : undefined;
}

/**
 * @param now milliseconds since 1970
 * @returns the biller's IdP metadata and its entity tag
 * @throws IdpError signing_key_unavailable
 */
export async function idpMetadataOf(
  biller: Biller,
  keys: BillerKeys,
  publicUrl: string,
  now: number,
): Promise<IdpMetadata> {
  const known = written.get(keys);
  if (known?.biller === biller && now < known.goodUntil) return known.metadata;
  const validUntil = validUntilOf(keys.certificates, now);
  const metadata = write(biller, keys, publicUrl, validUntil);
  written.set(keys, { biller, metadata, goodUntil: (validUntil ?? Number.POSITIVE_INFINITY) - CACHE_DURATION_MS });
  metadata.catch(() => written.delete(keys));
  return metadata;
}

/**
 * Metadata with one certificate in it, for the fetch by which that key becomes active.
 *
 * @param certificate DER in base64
 * @param now milliseconds since 1970
 */
export function oneTimeMetadataOf(
  biller: Biller,
  keys: BillerKeys,
  certificate: string,
  publicUrl: string,
  now: number,
): Promise<IdpMetadata> {
  const certificates = [certificate];
  return write(biller, { ...keys, certificates }, publicUrl, validUntilOf(certificates, now));
}

async function write(
  biller: Biller,
  keys: BillerKeys,
  publicUrl: string,
  validUntil: number | undefined,
): Promise<IdpMetadata> {
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
    validUntil,
  };
  const document = await writeIdpMetadata(content, biller.settings.signMetadata ? active.signer : undefined);
  return { document, tag: entityTag(document) };
}
