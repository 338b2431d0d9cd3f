import type { Db, Transaction } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { MasterKey } from './master-key.ts';
import { changeFact, lockFact, readOrNoteFact } from './store.ts';

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
  const known = await readOrNoteFact(db, CHECK_VALUES, () => first);
  const noted = known.split(',');
  if (!noted.every((checkValue) => given.includes(checkValue))) {
    throw new InputError(
      'MASTER_KEY is not the key that sealed the private keys in this database. Set the original master key or, during a rotation, the new and the old one (embedded: restore certs/master.key from its backup).',
    );
  }
  // Unless a rotation has ended in the meantime: nothing is sealed with the old key any longer.
  if (!noted.includes(first)) await changeFact(db, CHECK_VALUES, known, [first, ...noted].join(','));
}

/** Records which master keys secrets may be sealed with. */
export interface MasterKeyRecord {
  /** The newest first; undefined if none was ever recorded. */
  readonly checkValues: readonly string[] | undefined;
  write(checkValues: readonly string[]): Promise<void>;
}

/**
 * Opens the record for a rotation. Until the transaction ends, nobody else changes it, and nobody commits a newly sealed
 * secret: see requireKnownSealer.
 */
export async function lockMasterKeyRecord(transaction: Transaction): Promise<MasterKeyRecord> {
  const known = await lockFact(transaction, CHECK_VALUES, 'update');
  return {
    checkValues: known?.split(','),
    async write(checkValues) {
      if (known !== undefined) await changeFact(transaction, CHECK_VALUES, known, checkValues.join(','));
    },
  };
}

/**
 * Call this in every transaction that stores a newly sealed secret. The master key may have been rotated since it was
 * sealed, and the old key thrown away. A rotation that has not ended waits for this transaction, and reseals the secret.
 *
 * @throws InputError if the key that it is sealed with is no longer in use
 */
export async function requireKnownSealer(
  transaction: Transaction,
  masterKey: MasterKey,
  sealed: Uint8Array,
  context: string,
): Promise<void> {
  const known = await lockFact(transaction, CHECK_VALUES, 'share');
  if (known === undefined) return;
  const sealer = masterKey.sealerOf(sealed, context);
  if (sealer !== undefined && known.split(',').includes(sealer)) return;
  throw new InputError(
    'The master key was rotated in the meantime, so nothing was changed. Try again, with the new master key.',
    { code: 'master_key_changed' },
  );
}
