import { certificateFindings, type FindingKind } from '../../../integrations/sp-metadata/findings.ts';
import { currentFindings } from '../../../integrations/sp-metadata/store.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

const REMEDIES: Readonly<Record<FindingKind, (slug: string) => string>> = {
  certificate_ending: (slug) =>
    `Ask the Service Provider for its current metadata, and register it with \`ic-idp biller update ${slug}\`.`,
  certificate_ended: (slug) =>
    `Ask the Service Provider for its current metadata, and register it with \`ic-idp biller update ${slug}\`.`,
  metadata_changed: (slug) => `See what has changed, and how to take it over, with \`ic-idp biller refresh ${slug}\`.`,
  metadata_unreachable: (slug) =>
    `Try it with \`ic-idp biller refresh ${slug}\`. If the address has changed, register the new one with \`ic-idp biller update ${slug}\`.`,
  metadata_unusable: (slug) =>
    `Ask the Service Provider to correct it, then \`ic-idp biller refresh ${slug}\`. What is registered stays in use.`,
};

/** @returns what the last check of each Service Provider found, and certificates that end, as of now */
export async function providerFindings({ database, billers, clock }: Uses<'database' | 'billers' | 'clock'>) {
  const certificates = (await billers.all()).flatMap(({ slug, serviceProvider }) =>
    certificateFindings(serviceProvider, clock()).map((each) => ({ ...each, slug })),
  );
  const stored = (await currentFindings(database.db)).filter(({ kind }) => kind.startsWith('metadata_'));
  return [...certificates, ...stored].map(
    ({ slug, kind, finding }): Finding => ({
      subject: `biller ${slug}`,
      level: 'warning',
      finding,
      remedy: REMEDIES[kind as FindingKind](slug),
    }),
  );
}
