import type { Db } from '../../platform/database/database.ts';
import { allKeyRequests, replaceRequestSealing, replaceSealing, sealedKeys } from '../keys/store.ts';
import { replaceClientSecretSealing, sealedClientSecrets } from '../openid/client-secret.ts';
import type { MasterKey } from './master-key.ts';
import { clientSecretContext, requestContext, sealContext } from './seal-context.ts';
import { HASH_SECRET, WEBHOOK } from './sealed-facts.ts';
import { changeFact, factsNamed } from './store.ts';

/** A stored secret, and how to replace it with a newly sealed copy. */
interface SealedSecret {
  readonly sealed: Buffer;
  readonly context: string;
  /** Does nothing if the secret has changed in the meantime. */
  replace(sealed: Buffer): Promise<unknown>;
}

/** Every sealed secret of the installation. */
async function allSecrets(db: Db): Promise<SealedSecret[]> {
  const keys = await sealedKeys(db);
  const requests = await allKeyRequests(db);
  const clientSecrets = await sealedClientSecrets(db);
  const facts = await factsNamed(db, [HASH_SECRET, WEBHOOK]);
  return [
    ...keys.map(({ id, billerId, sealedPrivateKey }) => ({
      sealed: sealedPrivateKey as Buffer,
      context: sealContext(billerId, id),
      replace: (sealed: Buffer) => replaceSealing(db, id, sealedPrivateKey as Buffer, sealed),
    })),
    ...requests.map(({ id, billerId, sealedPrivateKey }) => ({
      sealed: sealedPrivateKey,
      context: requestContext(billerId, id),
      replace: (sealed: Buffer) => replaceRequestSealing(db, id, sealedPrivateKey, sealed),
    })),
    ...clientSecrets.map(({ billerId, sealedSecret }) => ({
      sealed: sealedSecret,
      context: clientSecretContext(billerId),
      replace: (sealed: Buffer) => replaceClientSecretSealing(db, billerId, sealedSecret, sealed),
    })),
    ...facts.map(({ name, value }) => ({
      sealed: Buffer.from(value, 'base64'),
      // The fact's name is also its sealing context.
      context: name,
      replace: (sealed: Buffer) => changeFact(db, name, value, sealed.toString('base64')),
    })),
  ];
}

/** How many secrets are sealed with the current sealing key, and how many with another. */
export async function countSecrets(db: Db, masterKey: MasterKey): Promise<{ current: number; other: number }> {
  const secrets = await allSecrets(db);
  const current = secrets.filter(({ sealed, context }) => masterKey.isCurrent(sealed, context)).length;
  return { current, other: secrets.length - current };
}

/**
 * Reseals every secret with the first master key. One at a time, so that it can be interrupted and resumed at any
 * point, and instances that have both keys can always unseal each of them.
 *
 * @returns how many were resealed
 */
export async function rewrapSecrets(db: Db, masterKey: MasterKey): Promise<number> {
  let rewrapped = 0;
  for (const { sealed, context, replace } of await allSecrets(db)) {
    if (masterKey.isCurrent(sealed, context)) continue;
    const secret = masterKey.unseal(sealed, context);
    await replace(masterKey.seal(secret, context));
    secret.fill(0);
    rewrapped += 1;
  }
  return rewrapped;
}
