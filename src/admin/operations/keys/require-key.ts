import { findKeys, type SigningKeyRow } from '../../../core/keys/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { Uses } from '../services.ts';

/**
 * @param fingerprint the beginning of a fingerprint, hexadecimal; undefined: the active key
 * @throws InputError if that is not exactly one key
 */
export async function requireKey(
  { database }: Uses<'database'>,
  { id, slug }: { readonly id: string; readonly slug: string },
  fingerprint: string | undefined,
): Promise<SigningKeyRow> {
  const beginning = fingerprint?.replaceAll(':', '').toLowerCase();
  const all = await findKeys(database.db, id);
  const found = all.filter((key) =>
    beginning === undefined ? key.state === 'active' : key.fingerprint.startsWith(beginning),
  );
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  const names = { biller: slug };
  if (fingerprint === undefined) {
    throw new InputError(`${slug} has no active key.`, { code: 'key_not_found', names });
  }
  const field = 'fingerprint';
  if (key === undefined)
    throw new InputError(`No fingerprint of a key of ${slug} begins with it.`, { code: 'key_not_found', field, names });
  throw new InputError(`The fingerprints of several keys of ${slug} begin with it.`, {
    code: 'key_ambiguous',
    field,
    names,
  });
}
