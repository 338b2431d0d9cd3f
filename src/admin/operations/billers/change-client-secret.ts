import type { Biller } from '../../../core/billers/biller.ts';
import type { Difference } from '../../../core/billers/difference.ts';
import type { BillerSettings } from '../../../core/billers/settings.ts';
import { deleteClientSecret, hasClientSecret, writeClientSecret } from '../../../core/openid/client-secret.ts';
import type { MasterKey } from '../../../core/secrets/master-key.ts';
import type { Transaction } from '../../../platform/database/database.ts';
import { clientOf, clientSecretOf, planClientSecret } from './sign-in.ts';

const what = 'oidcClientSecret';

/**
 * Changes the client secret of a biller as its new settings demand.
 *
 * @param given the secret, or the private key in PEM
 * @returns the difference, without the secret
 * @throws InputError client_secret_missing, client_secret_unusable
 */
export async function changeClientSecret(
  transaction: Transaction,
  masterKey: MasterKey,
  { id, settings: before }: Biller,
  after: BillerSettings,
  given: string | undefined,
): Promise<Difference[]> {
  const secret = clientSecretOf(after, given);
  const known = await hasClientSecret(transaction, id);
  const plan = planClientSecret(before, after, secret, known);
  if (secret !== undefined) {
    await writeClientSecret(transaction, masterKey, id, clientOf(after), secret);
    return [{ what, before: known ? 'one' : 'none', after: known ? 'another one' : 'one' }];
  }
  if (plan !== 'delete') return [];
  await deleteClientSecret(transaction, id);
  return [{ what, before: 'one', after: 'none' }];
}
