import { z } from 'zod';
import { newMasterKey } from '../../core/secrets/master-key-source.ts';
import { countSecrets, rewrapSecrets } from '../../core/secrets/rewrap.ts';
import { noteMasterKeys } from '../../core/secrets/verify-master-key.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { defineOperation } from './operation.ts';

const status = defineOperation('master-key.status', z.strictObject({}), async ({ database, masterKey }) => ({
  keys: masterKey.checkValues,
  ...(await countSecrets(database.db, masterKey)),
}));

const rotate = defineOperation('master-key.rotate', z.strictObject({}), async (services, _input, actor) => {
  const { database, masterKey, masterKeyFile, audit } = services;
  if (masterKeyFile !== undefined) {
    // Two keys in the file are a rotation that was interrupted: it is finished, not begun again.
    const known = masterKeyFile.read();
    if (known.length === 1) {
      const fresh = newMasterKey();
      masterKeyFile.write([fresh, ...known]);
      masterKey.introduce(fresh);
      await noteMasterKeys(database.db, masterKey.checkValues);
    }
  } else if (masterKey.checkValues.length < 2) {
    throw new InputError(
      'There is one master key. Make another (`openssl rand -base64 32`), set MASTER_KEY to the new and the old one, separated by a comma, for every instance and for this command, and run it again.',
    );
  }
  const resealed = await rewrapSecrets(database.db, masterKey);
  const { other } = await countSecrets(database.db, masterKey);
  if (other > 0)
    throw new InputError(
      `${other} secrets were sealed with the old master key meanwhile. Give every instance the new one first, then run it again.`,
    );
  if (masterKeyFile !== undefined) {
    masterKeyFile.write(masterKeyFile.read().slice(0, 1));
    masterKey.forgetOthers();
  }
  await audit.append({
    event: 'master_key.rotated',
    reference: newReference(),
    details: { actor: actor.name, resealed },
  });
  return { resealed, embedded: masterKeyFile !== undefined };
});

export const masterKeyOperations = [status, rotate];
