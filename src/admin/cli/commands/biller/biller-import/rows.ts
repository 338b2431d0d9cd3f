import { resolve } from 'node:path';
import pLimit from 'p-limit';
import { escapeControls } from '../../../../../platform/errors/escape-controls.ts';
import { InputError, nameField } from '../../../../../platform/errors/idp-error.ts';
import { isCertificateText } from '../../../options/certificate-text.ts';
import { readCertificateFile } from '../../../options/provider-options.ts';
import { settingsFrom } from '../../../options/settings-options.ts';
import { readClientSecretFile } from '../../../options/sign-in-options.ts';
import { isUrl, readSpMetadataSource } from '../../../read-sp-metadata.ts';
import { CellError, OWN_COLUMNS, readCell, readYesNo } from './columns.ts';
import type { Entry, Problem } from './read-file.ts';

/** Files and URLs that are read at the same time. */
const READ_AT_ONCE = 8;
const SIGNING_CERTIFICATE = 'metadata-signing-certificate';
const PROVIDER_COLUMNS = ['sp-metadata', 'entity-id', 'acs', 'sp-certificate', 'sp-encryption-certificate'];

/** A biller as the operations take it, as far as it could be read, and what could not. */
export interface Row {
  readonly place: string;
  readonly biller: Record<string, unknown>;
  readonly problems: readonly Problem[];
}

/** Tells whether something about the Service Provider could not be read, so that nothing more can be said about it. */
export const lacksProvider = ({ problems }: Row) =>
  problems.some(({ column = '' }) => PROVIDER_COLUMNS.includes(column));

/** Reads each source once, however many rows name it. @param folder that relative paths start from */
function createSources(folder: string) {
  const limit = pLimit(READ_AT_ONCE);
  const known = new Map<string, Promise<string>>();
  function once(key: string, read: () => Promise<string>): Promise<string> {
    const reading = known.get(key) ?? limit(read);
    known.set(key, reading);
    return reading;
  }
  return {
    metadata(source: string, isAggregate: boolean): Promise<string> {
      const place = isUrl(source) ? source : resolve(folder, source);
      return once(`${isAggregate} ${place}`, () => readSpMetadataSource(place, isAggregate, 'sp-metadata'));
    },
    certificates(column: string, values: readonly string[]): Promise<string[]> {
      const one = async (value: string) =>
        isCertificateText(value)
          ? value
          : once(`${column} ${value}`, () => readCertificateFile(column, resolve(folder, value)));
      return Promise.all(values.map(one));
    },
  };
}

type Sources = ReturnType<typeof createSources>;

async function rowOf({ place, cells, settings }: Entry, sources: Sources, folder: string): Promise<Row> {
  const problems: Problem[] = [];
  const options: Record<string, unknown> = {};
  const first = (column: string) => cells.get(column)?.[0];

  async function read<Result>(column: string, work: () => Result | Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof InputError) problems.push({ place, column, problem: error.message });
      else if (error instanceof CellError) {
        const given = escapeControls(cells.get(column)?.join(' ') ?? '', 100);
        problems.push({ place, column, problem: nameField(column, given, error.message) });
      } else throw error;
      return undefined;
    }
  }

  for (const column of ['slug', 'name', 'guid']) {
    if (!cells.has(column)) problems.push({ place, column, problem: `${column} is missing.` });
  }
  for (const [column, values] of cells) {
    if (OWN_COLUMNS.includes(column) || PROVIDER_COLUMNS.includes(column)) continue;
    // A file is found from the folder of the imported file, as those of the Service Provider are.
    if (column === SIGNING_CERTIFICATE) {
      options.metadataSigningCertificate = await read(column, () => sources.certificates(column, values));
      continue;
    }
    const cell = await read(column, () => readCell(column, values));
    if (cell !== undefined) options[cell[0]] = cell[1];
  }
  const given = settingsFrom(options);
  for (const twice of Object.keys(settings).filter((name) => name in given)) {
    problems.push({ place, column: 'settings', problem: `settings.${twice} has a field of its own too.` });
  }
  const [source, entityId, module] = ['sp-metadata', 'entity-id', 'module'].map(first);
  const secretFile = first('oidc-client-secret-file');
  const certificates = (column: string) => read(column, () => sources.certificates(column, cells.get(column) ?? []));
  const biller = {
    slug: first('slug'),
    name: first('name'),
    billerGuid: first('guid'),
    keyType: first('key-type'),
    module: module === undefined ? undefined : await read('module', () => readYesNo(module)),
    spMetadata:
      source === undefined
        ? undefined
        : await read('sp-metadata', () => sources.metadata(source, entityId !== undefined)),
    metadataUrl: source !== undefined && isUrl(source) ? source : undefined,
    entityId,
    acs: cells.get('acs'),
    spCertificates: await certificates('sp-certificate'),
    spEncryptionCertificates: await certificates('sp-encryption-certificate'),
    oidcClientSecret: await read('oidc-client-secret-file', () =>
      readClientSecretFile(secretFile === undefined ? undefined : resolve(folder, secretFile)),
    ),
    settings: { ...given, ...settings },
  };
  return {
    place,
    biller: Object.fromEntries(Object.entries(biller).filter(([, value]) => value !== undefined)),
    problems,
  };
}

/**
 * Reads the files and URLs that the entries name, and their values as the options of `ic-idp biller add` are read.
 *
 * @param folder that relative paths start from
 */
export async function readRows(entries: readonly Entry[], folder: string): Promise<Row[]> {
  const sources = createSources(folder);
  return Promise.all(entries.map((entry) => rowOf(entry, sources, folder)));
}
