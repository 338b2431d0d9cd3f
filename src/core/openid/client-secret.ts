import type { Db, Transaction } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { clientSecretContext } from '../secrets/seal-context.ts';
import { requireKnownSealer } from '../secrets/verify-master-key.ts';

/** Whom a client secret is for. */
interface Client {
  readonly issuer: string;
  readonly clientId: string;
}

/** @returns the secret of this client, or its private key as PEM; undefined if the biller has none for it */
export async function readClientSecret(
  db: Db,
  masterKey: MasterKey,
  billerId: string,
  { issuer, clientId }: Client,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('openidClientSecrets')
    .select('sealedSecret')
    .where('billerId', '=', billerId)
    .where('issuer', '=', issuer)
    .where('clientId', '=', clientId)
    .executeTakeFirst();
  return row && masterKey.unseal(row.sealedSecret, clientSecretContext(billerId)).toString('utf8');
}

export async function hasClientSecret(db: Db, billerId: string): Promise<boolean> {
  const row = await db
    .selectFrom('openidClientSecrets')
    .select('billerId')
    .where('billerId', '=', billerId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Stores the client secret of a biller, sealed; replaces any earlier one. */
export async function writeClientSecret(
  transaction: Transaction,
  masterKey: MasterKey,
  billerId: string,
  { issuer, clientId }: Client,
  secret: string,
): Promise<void> {
  const context = clientSecretContext(billerId);
  const sealedSecret = masterKey.seal(Buffer.from(secret), context);
  await requireKnownSealer(transaction, masterKey, sealedSecret, context);
  await transaction
    .insertInto('openidClientSecrets')
    .values({ billerId, issuer, clientId, sealedSecret })
    .onConflict((conflict) => conflict.column('billerId').doUpdateSet({ issuer, clientId, sealedSecret }))
    .execute();
}

export async function deleteClientSecret(db: Db, billerId: string): Promise<void> {
  await db.deleteFrom('openidClientSecrets').where('billerId', '=', billerId).execute();
}

export async function sealedClientSecrets(db: Db) {
  return db.selectFrom('openidClientSecrets').selectAll().execute();
}

/** Replaces a sealed copy, unless the secret has changed in the meantime. */
export async function replaceClientSecretSealing(db: Db, billerId: string, before: Buffer, after: Buffer) {
  await db
    .updateTable('openidClientSecrets')
    .set({ sealedSecret: after })
    .where('billerId', '=', billerId)
    .where('sealedSecret', '=', before)
    .execute();
}
