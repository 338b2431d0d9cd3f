import { Command, type Option } from 'commander';
import { optionOf } from '../../../options/field-options.ts';
import { addProviderOptions } from '../../../options/provider-options.ts';
import { addSettingsOptions } from '../../../options/settings-options.ts';

/** The options of `ic-idp biller add` that have a parser of their own, by the names of their columns. */
const OPTIONS: ReadonlyMap<string, readonly Option[]> = Map.groupBy(
  addSettingsOptions(addProviderOptions(new Command())).options,
  ({ long = '' }) => long.replace(/^--(no-)?/, ''),
);

/** Columns with one value in each line of the cell. */
export const REPEATABLE: ReadonlySet<string> = new Set([
  'acs',
  'sp-certificate',
  'sp-encryption-certificate',
  'metadata-signing-certificate',
  'constant-claim',
  'monitor',
  'metadata-client',
  'acs-redirect-origin',
  'portal-url',
  'oidc-acr',
]);

export const OWN_COLUMNS = ['slug', 'name', 'guid', 'key-type', 'module', 'oidc-client-secret-file'];
/** What `ic-idp biller list --csv` adds for people: passed over, so that its files can be imported. */
export const SHEET_COLUMNS = [
  'idp-entity-id',
  'idp-metadata-url',
  'idp-sso-service-url',
  'idp-certificate-url',
  'idp-certificate-sha256',
  'idp-certificate-sha1',
  'idp-certificate-valid-to',
  'sp-entity-id',
  'sp-acs',
] as const;

export const isColumn = (name: string) =>
  OWN_COLUMNS.includes(name) || OPTIONS.has(name) || SHEET_COLUMNS.some((known) => known === name);

/** @param field of the input of `biller.add` @returns the column that gives it, e.g. `login-type (owner)` */
export const columnOf = (field: string) => optionOf('biller.add', field).replace(/^--|[<>]/g, '');

/** Why a value is not acceptable, as a sentence without the name of its column. */
export class CellError extends Error {
  override readonly name = 'CellError';
}

/** @throws CellError */
export function readYesNo(value: string): boolean {
  if (/^(yes|true)$/i.test(value)) return true;
  if (/^(no|false)$/i.test(value)) return false;
  throw new CellError('must be yes or no.');
}

/**
 * Reads a cell as the option of the same name is read.
 *
 * @param values one for most columns
 * @returns the name and the value of the option, as commander has them
 * @throws CellError
 */
export function readCell(column: string, values: readonly string[]): [name: string, value: unknown] {
  const [option] = OPTIONS.get(column) ?? [];
  if (option === undefined) throw new Error(`There is no option for the column ${column}.`);
  const [first = ''] = values;
  const name = option.attributeName();
  if (!option.required && !option.optional) return [name, readYesNo(first)];
  const { parseArg } = option;
  if (parseArg === undefined) return [name, first];
  try {
    let read: unknown;
    for (const value of values) read = parseArg(value, read as string);
    return [name, read];
  } catch (error) {
    if ((error as { code?: string }).code === 'commander.invalidArgument')
      throw new CellError((error as Error).message);
    throw error;
  }
}
