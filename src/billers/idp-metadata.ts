import { IdpError } from '../errors/idp-error.ts';
import type { BillerKeys } from '../keys/keys.ts';
import { writeIdpMetadata } from '../saml/metadata.ts';
import { NAME_ID_FORMATS } from '../saml/names.ts';
import type { Biller } from './biller.ts';

/** @returns the biller's IdP metadata @throws IdpError signing_key_unavailable */
export function idpMetadataOf(biller: Biller, keys: BillerKeys, publicUrl: string): string {
  if (keys.active === undefined) {
    throw new IdpError('signing_key_unavailable', { detail: 'the biller has no active signing key' });
  }
  const agreed = NAME_ID_FORMATS[biller.settings.nameIdFormat];
  const others = Object.values(NAME_ID_FORMATS).filter((format) => format !== agreed);
  return writeIdpMetadata({
    entityId: biller.entityId,
    ssoUrl: biller.ssoUrl,
    certificates: keys.certificates,
    nameIdFormats: [agreed, ...others],
    organizationName: biller.name,
    organizationUrl: biller.settings.portalUrl ?? publicUrl,
    // Not "in two weeks": it would change every day, and an SP that copies once would find its copy outdated.
    validUntil: keys.active.notAfter.getTime(),
  });
}
