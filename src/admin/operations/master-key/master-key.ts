import { z } from 'zod';
import { newMasterKey } from '../../../core/secrets/master-key-source.ts';
import { countSecrets, rewrapSecrets } from '../../../core/secrets/rewrap.ts';
import { noteMasterKeys } from '../../../core/secrets/verify-master-key.ts';
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

export const rotate = defineOperation({
  uses: ['database', 'masterKey', 'masterKeyFile', 'audit'],
  input: nothing,
  output: z.object({ resealed: z.number(), embedded: z.boolean() }),
  run: async ({ database, masterKey, masterKeyFile, audit }, _input, { name: actor }) => {
    if (masterKeyFile !== undefined) {
      // Two keys in the file mean an interrupted rotation: finish it instead of starting another one.
      const known = masterKeyFile.read();
      if (known.length === 1) {
        const fresh = newMasterKey();
        masterKeyFile.write([fresh, ...known]);
        masterKey.introduce(fresh);
        await noteMasterKeys(database.db, masterKey.checkValues);
      }
    } else if (masterKey.checkValues.length < 2) {
      throw new InputError(
        'There is only one master key. Create another (`openssl rand -base64 32`), set MASTER_KEY to the new and the old one, separated by a comma, for every instance and for this command, and run it again.',
        { code: 'master_key_single' },
      );
    }
    const resealed = await rewrapSecrets(database.db, masterKey);
    const { other } = await countSecrets(database.db, masterKey);
    if (other > 0) {
      throw new InputError(
        `${other} secrets were sealed with the old master key in the meantime. Give every instance the new one first, then run it again.`,
        { code: 'master_key_old_in_use' },
      );
    }
    // A rotation interrupted before this is not finished: running it again writes the event.
    await database.transaction(async (transaction) => {
      await noteMasterKeys(transaction, masterKey.checkValues.slice(0, 1));
      await audit.appendWithin(transaction, {
        event: 'master_key.rotated',
        reference: newReference(),
        details: { actor, resealed },
      });
    });
    if (masterKeyFile !== undefined) {
      masterKeyFile.write(masterKeyFile.read().slice(0, 1));
      masterKey.forgetOthers();
    }
    return { resealed, embedded: masterKeyFile !== undefined };
  },
});
