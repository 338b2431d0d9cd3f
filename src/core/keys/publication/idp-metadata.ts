import { X509Certificate } from 'node:crypto';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import { CACHE_DURATION_MS, entityTag, writeIdpMetadata } from '../../../protocols/saml/writing/metadata.ts';
import { type Biller, requiresSignature } from '../../billers/biller.ts';
import type { BillerKeys } from '../keys.ts';

interface IdpMetadata {
  readonly document: string;
  readonly tag: string;
  /** SHA-256 of the certificates in the document, hexadecimal, in its order. */
  readonly fingerprints: readonly string[];
}

interface Written {
  readonly biller: Biller;
  readonly metadata: Promise<IdpMetadata>;
  /** When the document must change; milliseconds since 1970. */
  readonly goodUntil: number;
}

// Billers and keys are reloaded when they change, so a document is valid while both are the same objects.
const written = new WeakMap<BillerKeys, Written>();

/**
 * When the last of the certificates expires. Not "two weeks from now": that would change daily, and a Service Provider
 * that copied the metadata once would soon hold an expired copy.
 *
 * Omitted if the expiry comes before a caching reader's next fetch, or has passed and the biller keeps signing: a
 * Service Provider must not use metadata after its validUntil (SAML metadata, 2.3.2), and so would lose the next
 * certificate too.
 */
function validUntilOf(certificates: readonly string[], now: number): number | undefined {
  const ends = certificates.map((certificate) => new X509Certificate(Buffer.from(certificate, 'base64')).validToDate);
  const last = Math.max(...ends.map((end) => end.getTime()));
  return last - CACHE_DURATION_MS > now ? last : undefined;
}

/**
 * What a Service Provider may be shown at any time. One that keeps a single certificate must find only the one that
 * signs now: it may keep the first of several, the last, or any. It gets the staged one by a one-time metadata URL.
 */
function publishedOf({ settings }: Biller, { certificates, fingerprints }: BillerKeys) {
  const shown = settings.rotation === 'overlap' ? certificates.length : 1;
  return { certificates: certificates.slice(0, shown), fingerprints: fingerprints.slice(0, shown) };
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
  const published = publishedOf(biller, keys);
  const validUntil = validUntilOf(published.certificates, now);
  const metadata = write(biller, { ...keys, ...published }, publicUrl, validUntil);
  written.set(keys, { biller, metadata, goodUntil: (validUntil ?? Number.POSITIVE_INFINITY) - CACHE_DURATION_MS });
  metadata.catch(() => written.delete(keys));
  return metadata;
}

/**
 * Metadata with one certificate, for the fetch that activates that key.
 *
 * @param key its certificate is DER in base64
 * @param now milliseconds since 1970
 */
export function oneTimeMetadataOf(
  biller: Biller,
  keys: BillerKeys,
  { certificate, fingerprint }: { readonly certificate: string; readonly fingerprint: string },
  publicUrl: string,
  now: number,
): Promise<IdpMetadata> {
  const shown = { certificates: [certificate], fingerprints: [fingerprint] };
  return write(biller, { ...keys, ...shown }, publicUrl, validUntilOf(shown.certificates, now));
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
  return { document, tag: entityTag(document), fingerprints: keys.fingerprints };
}
