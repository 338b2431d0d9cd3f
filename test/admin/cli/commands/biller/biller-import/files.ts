import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeCsv } from '../../../../../../src/admin/cli/csv/write-csv.ts';

/** SP metadata of a biller's own Service Provider. */
export const spMetadata = (
  slug: string,
) => `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/${slug}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/${slug}/acs" index="0"/>
  </SPSSODescriptor></EntityDescriptor>`;

/** The same BillerGUID for the same number. */
export const guidOf = (number: number) => `0f8fad5b-d9cb-469f-a165-${number.toString(16).padStart(12, '0')}`;

/** Writes SP metadata for each slug, and a CSV file that names it. @returns the CSV file */
export function writeBillers(folder: string, slugs: readonly string[]): string {
  for (const slug of slugs) writeFileSync(join(folder, `${slug}.xml`), spMetadata(slug));
  const rows = slugs.map((slug, number) => [
    slug,
    `Water of ${slug}`,
    guidOf(number),
    `${slug}.xml`,
    'EC-P256',
    'owner=1',
  ]);
  const file = join(folder, 'billers.csv');
  writeFileSync(file, writeCsv(['slug', 'name', 'guid', 'sp-metadata', 'key-type', 'login-type'], rows));
  return file;
}
