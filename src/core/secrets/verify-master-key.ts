import type { Db } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { MasterKey } from './master-key.ts';
import { changeFact, readOrNoteFact } from './store.ts';

/** Check values of every master key that a secret may be sealed with, separated by commas. */
const CHECK_VALUES = 'master key check value';

/**
 * Checks that the master keys can unseal every secret of the installation. Records the very first master key, and any
 * new one placed before it.
 *
 * @throws InputError if a key is missing
 */
export async function verifyMasterKey(db: Db, masterKey: MasterKey): Promise<void> {
  const given = masterKey.checkValues;
  const [first = ''] = given;
  const noted = (await readOrNoteFact(db, CHECK_VALUES, () => first)).split(',');
  if (!noted.every((checkValue) => given.includes(checkValue))) {
    throw new InputError(
      'MASTER_KEY is not the key that sealed the private keys in this database. Set the original master key or, during a rotation, the new and the old one (embedded: restore certs/master.key from its backup).',
    );
  }
  if (!noted.includes(first)) await noteMasterKeys(db, [first, ...noted]);
}

/** Records which master keys secrets may be sealed with from now on. */
export async function noteMasterKeys(db: Db, checkValues: readonly string[]): Promise<void> {
  await changeFact(db, CHECK_VALUES, checkValues.join(','));
}
