import { eq } from 'drizzle-orm';
import type { Orm } from '../database/database.ts';
import { installation } from '../database/schema.ts';
import { InputError } from '../errors/idp-error.ts';
import type { MasterKey } from './master-key.ts';

const NAME = 'master key check value';

/**
 * Makes sure that this is the master key which the installation's secrets are sealed with. The first one is noted.
 *
 * @throws InputError where it is another one
 */
export async function fitMasterKey(orm: Orm, masterKey: MasterKey): Promise<void> {
  await orm.insert(installation).values({ name: NAME, value: masterKey.checkValue }).onConflictDoNothing();
  const [row] = await orm.select().from(installation).where(eq(installation.name, NAME));
  if (row?.value === masterKey.checkValue) return;
  throw new InputError(
    'MASTER_KEY is not the one that the private keys in this database are sealed with. Set the one that the installation was made with (embedded: restore certs/master.key from its backup).',
  );
}
