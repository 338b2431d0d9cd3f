import { z } from 'zod';
import type { AuditWriter } from '../../../core/audit/writer.ts';
import { instanceInWords, runningInstances } from '../../../core/installation/instances.ts';
import { checkValueOf, type MasterKey } from '../../../core/secrets/master-key.ts';
import { type MasterKeyFile, newMasterKey } from '../../../core/secrets/master-key-source.ts';
import { countSecrets, rewrapSecrets } from '../../../core/secrets/rewrap.ts';
import { lockMasterKeyRecord } from '../../../core/secrets/verify-master-key.ts';
import type { Database } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { defineOperation, nothing } from '../operation.ts';

export const status = defineOperation({
  uses: ['database', 'masterKey'],
  input: nothing,
  output: z.object({ keys: z.array(z.string()), current: z.number(), other: z.number() }),
  run: async ({ database, masterKey }) => ({
    keys: [...masterKey.checkValues],
    ...(await countSecrets(database.db, masterKey)),
  }),
});

/** Commands that sealed a secret just before the new key was there may commit it once more after each round. */
const ROUNDS = 5;

/**
 * Puts a new key before the old one, in the file and in the record. Two keys in the file mean an interrupted rotation, or
 * one by another process: it goes on with that key.
 */
async function introduceKey(database: Database, masterKey: MasterKey, file: MasterKeyFile): Promise<void> {
  await database.transaction(async (transaction) => {
    const record = await lockMasterKeyRecord(transaction);
    const known = file.read();
    const keys = known.length === 1 ? [newMasterKey(), ...known] : known;
    // On disk before anything is sealed with it.
    if (known.length === 1) file.write(keys);
    masterKey.adopt(keys);
    await record.write(masterKey.checkValues);
  });
}

/** @returns whether the rotation has ended: nothing is sealed with another key, and nothing will be */
async function finish(database: Database, masterKey: MasterKey, audit: AuditWriter, details: RotatedDetails) {
  return database.transaction(async (transaction) => {
    const record = await lockMasterKeyRecord(transaction);
    const [current = ''] = masterKey.checkValues;
    if (record.checkValues !== undefined && record.checkValues[0] !== current) {
      throw new InputError('The master key was rotated again in the meantime.', { code: 'master_key_changed' });
    }
    const { other } = await countSecrets(transaction, masterKey);
    if (other > 0) return false;
    await record.write([current]);
    // A rotation interrupted before this is not finished: running it again writes the event.
    await audit.appendWithin(transaction, { event: 'master_key.rotated', reference: newReference(), details });
    return true;
  });
}

/**
 * An instance without the new key could unseal nothing after the rotation: all billers would be without a signing key there.
 *
 * @throws InputError naming them
 */
async function requireEveryInstanceHas(database: Database, masterKey: MasterKey, now: number): Promise<void> {
  const [current = ''] = masterKey.checkValues;
  const without = (await runningInstances(database.db, now)).filter(({ masterKeys }) => !masterKeys.includes(current));
  if (without.length === 0) return;
  throw new InputError(
    `These instances run without the new master key: ${without.map(instanceInWords).join(', ')}. Nothing was done. Set MASTER_KEY to the new and the old one there, start them again, and run this again.`,
    { code: 'master_key_missing_on_instances' },
  );
}

type RotatedDetails = { readonly actor: string; readonly resealed: number };

/** Removes from the file the keys that the record no longer has, once that is committed. */
async function dropOldKeys(database: Database, masterKey: MasterKey, file: MasterKeyFile): Promise<void> {
  await database.transaction(async (transaction) => {
    const { checkValues } = await lockMasterKeyRecord(transaction);
    const keys = file.read();
    const kept =
      checkValues === undefined ? keys.slice(0, 1) : keys.filter((key) => checkValues.includes(checkValueOf(key)));
    if (kept.length < keys.length) file.write(kept);
    masterKey.adopt(kept);
  });
}

export const rotate = defineOperation({
  uses: ['database', 'masterKey', 'masterKeyFile', 'audit', 'clock'],
  input: nothing,
  output: z.object({ resealed: z.number(), embedded: z.boolean() }),
  run: async ({ database, masterKey, masterKeyFile: file, audit, clock }, _input, { name: actor }) => {
    if (file !== undefined) await introduceKey(database, masterKey, file);
    else if (masterKey.checkValues.length < 2) {
      throw new InputError(
        'There is only one master key. Create another (`openssl rand -base64 32`), set MASTER_KEY to the new and the old one, separated by a comma, for every instance and for this command, and run it again.',
        { code: 'master_key_single' },
      );
    }
    // With a file, every process reads it again before it seals or where it can't unseal.
    if (file === undefined) await requireEveryInstanceHas(database, masterKey, clock());
    let resealed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      resealed += await rewrapSecrets(database.db, masterKey);
      if (await finish(database, masterKey, audit, { actor, resealed })) {
        if (file !== undefined) await dropOldKeys(database, masterKey, file);
        return { resealed, embedded: file !== undefined };
      }
      // With a file, every process seals with the new key from now on. With a setting, some instance still has only the old.
      if (file === undefined) break;
    }
    const { other } = await countSecrets(database.db, masterKey);
    throw new InputError(
      `${other} secrets were sealed with the old master key in the meantime. Give every instance the new one first, then run it again.`,
      { code: 'master_key_old_in_use' },
    );
  },
});
