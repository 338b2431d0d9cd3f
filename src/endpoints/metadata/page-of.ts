import { X509Certificate } from 'node:crypto';
import type { Biller } from '../../core/billers/biller.ts';
import { listedClaims } from '../../core/billers/listed-claims.ts';
import type { BillerKeys } from '../../core/keys/keys.ts';
import { NAME_ID_FORMATS } from '../../protocols/saml/names.ts';
import type { metadataPage } from './views/metadata-page.ts';

const read = (text: string) => new X509Certificate(Buffer.from(text, 'base64'));
const day = (date: Date) => date.toISOString().slice(0, 10);

/**
 * @param document the metadata that a program gets now @param fingerprints of the certificates in it
 * @returns what the page shows to a person
 */
export function pageOf(
  biller: Biller,
  { certificates, fingerprints: all, active }: BillerKeys,
  document: string,
  fingerprints: readonly string[],
): Parameters<typeof metadataPage>[0] {
  const shown = certificates.filter((_, position) => fingerprints.includes(all[position] ?? ''));
  const signing = active && read(active.signer.certificate);
  const use = (certificate: X509Certificate) => {
    if (signing === undefined || certificate.fingerprint256 === signing.fingerprint256) return 'signs now';
    return certificate.validFromDate < signing.validFromDate ? 'signed until now' : 'will sign next';
  };
  return {
    billerName: biller.name,
    entityId: biller.entityId,
    metadataUrl: biller.metadataUrl,
    ssoUrl: biller.ssoUrl,
    nameIdFormat: NAME_ID_FORMATS[biller.settings.nameIdFormat],
    claims: listedClaims(biller.settings),
    certificates: shown.map((text) => {
      const certificate = read(text);
      return {
        use: use(certificate),
        fingerprintSha256: certificate.fingerprint256,
        fingerprintSha1: certificate.fingerprint,
        validFrom: day(certificate.validFromDate),
        validTo: day(certificate.validToDate),
        pem: certificate.toString(),
      };
    }),
    xml: document,
    downloadHref: `${new URL(biller.metadataUrl).pathname}?download`,
  };
}
