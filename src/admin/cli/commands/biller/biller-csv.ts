import { billerSettingsSchema } from '../../../../core/billers/settings.ts';
import { escapeControlsInLines } from '../../../../platform/errors/escape-controls.ts';
import type { OperationResult } from '../../../operations/registry.ts';
import { writeCsv } from '../../csv/write-csv.ts';
import { certificateCell, settingCells } from '../../options/setting-cells.ts';

type Sheet = OperationResult<'biller.sheets'>[number];

/** Always there: people compare the claims with Invoice Cloud's form. */
const CLAIMS = ['email-claim', 'login-type-claim', 'account-number-claim', 'login-type', 'default-login-type'];

/**
 * The Service Provider as an import reads it: its URL, or the parts by hand. One that was read from a file is left out,
 * because what the file said does not fit into cells; sp-entity-id and sp-acs show it.
 */
function providerCells({ serviceProvider, byHand }: Sheet): Record<string, string> {
  const { entityId, acs, metadataUrl } = serviceProvider;
  if (metadataUrl !== undefined) return { 'sp-metadata': metadataUrl, 'entity-id': entityId };
  if (byHand === undefined) return {};
  return {
    'entity-id': entityId,
    acs: acs.map(({ url }) => url).join('\n'),
    'sp-certificate': certificateCell(byHand.spCertificates),
    'sp-encryption-certificate': certificateCell(byHand.spEncryptionCertificates),
  };
}

function cellsOf(sheet: Sheet): Record<string, string> {
  const { certificate, serviceProvider } = sheet;
  return {
    slug: sheet.slug,
    name: sheet.name,
    guid: sheet.billerGuid,
    'idp-entity-id': sheet.entityId,
    'idp-metadata-url': sheet.metadataUrl,
    'idp-sso-service-url': sheet.ssoUrl,
    'idp-certificate-url': sheet.certificateUrl,
    'idp-certificate-sha256': certificate?.fingerprintSha256 ?? '',
    'idp-certificate-sha1': certificate?.fingerprintSha1 ?? '',
    'idp-certificate-valid-to': certificate?.validTo.slice(0, 10) ?? '',
    'sp-entity-id': serviceProvider.entityId,
    'sp-acs': serviceProvider.acs.map(({ url }) => url).join('\n'),
    ...providerCells(sheet),
  };
}

/**
 * What Invoice Cloud needs of many billers, as CSV that `ic-idp biller import` reads. Settings that every biller has at
 * their defaults have no column.
 */
export function billersAsCsv(sheets: readonly Sheet[]): string {
  const defaults = settingCells(billerSettingsSchema.parse({}));
  const settings = sheets.map((sheet) => settingCells(sheet.settings));
  const shown = Object.keys(defaults).filter(
    (column) => CLAIMS.includes(column) || settings.some((cells) => cells[column] !== defaults[column]),
  );
  const provider = ['sp-metadata', 'entity-id', 'acs', 'sp-certificate', 'sp-encryption-certificate'];
  const fixed = sheets.map(cellsOf);
  const own = Object.keys(fixed[0] ?? { slug: '', name: '', guid: '' }).filter((column) => !provider.includes(column));
  const heading = [...own, ...shown, ...provider];
  const rows = fixed.map((cells, position) => {
    const all = { ...cells, ...settings[position] };
    return heading.map((column) => escapeControlsInLines((all as Record<string, string>)[column] ?? ''));
  });
  return writeCsv(heading, rows);
}
