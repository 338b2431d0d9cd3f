import { X509Certificate } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { KeyRequestsTable, SigningKeysTable } from './schema.ts';

export type SigningKeyRow = Selectable<SigningKeysTable>;
export type NewSigningKey = Insertable<SigningKeysTable>;
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

/** The states in which a certificate is published. */
const PUBLISHED: KeyState[] = ['active', 'staged', 'retiring'];

/** Inserts a key as given. */
export async function insertKey(db: Db, key: NewSigningKey): Promise<void> {
  await db.insertInto('signingKeys').values(key).execute();
}

/** A biller's keys with published certificates: the active one first, then by age. */
export async function publishedKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  const rows = await db
    .selectFrom('signingKeys')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('state', 'in', PUBLISHED)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
  return rows.sort((a, b) => Number(b.state === 'active') - Number(a.state === 'active'));
}

/** The active certificate of every biller (DER in base64) by the biller's ID, in one round trip and without private keys. */
export async function activeCertificates(db: Db): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('signingKeys')
    .select(['billerId', 'certificate'])
    .where('state', '=', 'active')
    .execute();
  return new Map(rows.map(({ billerId, certificate }) => [billerId, certificate]));
}

/** All keys, of one biller or of all, without private keys but with their billers' slugs, in one round trip. */
export async function listKeys(db: Db, billerId?: string) {
  const query = db
    .selectFrom('signingKeys')
    .innerJoin('billers', 'billers.id', 'signingKeys.billerId')
    .select([
      'signingKeys.id',
      'signingKeys.billerId',
      'billers.slug as biller',
      'signingKeys.state',
      'signingKeys.keyType',
      'signingKeys.fingerprint',
      'signingKeys.moduleLabel',
      'signingKeys.notBefore',
      'signingKeys.notAfter',
      'signingKeys.createdAt',
      'signingKeys.activatedAt',
      'signingKeys.stateSince',
    ])
    .orderBy('billers.slug')
    .orderBy('signingKeys.createdAt');
  return (billerId === undefined ? query : query.where('signingKeys.billerId', '=', billerId)).execute();
}

/**
 * All keys with private keys in the HSM, with their certificates (DER in base64) and their billers' slugs, in one round
 * trip.
 */
export async function keysInModule(db: Db) {
  return db
    .selectFrom('signingKeys')
    .innerJoin('billers', 'billers.id', 'signingKeys.billerId')
    .select([
      'billers.slug as biller',
      'signingKeys.state',
      'signingKeys.moduleLabel as label',
      'signingKeys.certificate',
    ])
    .where('signingKeys.moduleLabel', 'is not', null)
    .orderBy('billers.slug')
    .orderBy('signingKeys.createdAt')
    .execute();
}

/** Tells whether a row refers to the key with this label in the HSM. */
export async function isInUse(db: Db, moduleLabel: string): Promise<boolean> {
  const row = await db.selectFrom('signingKeys').select('id').where('moduleLabel', '=', moduleLabel).executeTakeFirst();
  return row !== undefined;
}

/**
 * Looks through the keys of all other billers: the same key may come with another certificate.
 *
 * @param certificate DER in base64
 * @returns the slug of another biller that has, or had, this public key
 */
export async function otherHolderOf(db: Db, certificate: string, billerId: string): Promise<string | undefined> {
  const rows = await db
    .selectFrom('signingKeys')
    .innerJoin('billers', 'billers.id', 'signingKeys.billerId')
    .select(['billers.slug', 'signingKeys.certificate'])
    .where('signingKeys.billerId', '<>', billerId)
    .execute();
  const publicKeyOf = (base64: string) =>
    new X509Certificate(Buffer.from(base64, 'base64')).publicKey.export({ type: 'spki', format: 'der' });
  const publicKey = publicKeyOf(certificate);
  return rows.find((row) => publicKeyOf(row.certificate).equals(publicKey))?.slug;
}

/** A biller's key in a given state. */
export async function keyInState(db: Db, billerId: string, state: KeyState): Promise<SigningKeyRow | undefined> {
  return db
    .selectFrom('signingKeys')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('state', '=', state)
    .executeTakeFirst();
}

/** One key, in any state. */
export async function keyById(db: Db, id: string): Promise<SigningKeyRow | undefined> {
  return db.selectFrom('signingKeys').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A biller's keys, in all states. */
export async function findKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').selectAll().where('billerId', '=', billerId).orderBy('createdAt').execute();
}

/** All keys with private keys in the database. */
export async function sealedKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').selectAll().where('sealedPrivateKey', 'is not', null).execute();
}

/** Replaces a sealed private key with a resealed copy, if it has not changed. */
export async function replaceSealing(db: Db, keyId: string, old: Buffer, sealedPrivateKey: Buffer): Promise<void> {
  await db
    .updateTable('signingKeys')
    .set({ sealedPrivateKey })
    .where('id', '=', keyId)
    .where('sealedPrivateKey', '=', old)
    .execute();
}

/** Columns that change along with the state. */
type StateChange = Pick<NewSigningKey, 'state'> &
  Partial<Pick<NewSigningKey, 'activatedAt' | 'sealedPrivateKey' | 'moduleLabel' | 'holdUntil'>>;

/**
 * Moves a key from one state to another if it still is in the first (compare-and-swap).
 *
 * @returns false if it is not
 */
export async function moveKey(db: Db, keyId: string, from: KeyState, change: StateChange, now: Date): Promise<boolean> {
  const rows = await db
    .updateTable('signingKeys')
    .set({ ...change, stateSince: now })
    .where('id', '=', keyId)
    .where('state', '=', from)
    .returning('id')
    .execute();
  return rows.length === 1;
}

/** Makes every instance pause signing for a biller until the given time. */
export async function holdKeys(db: Db, billerId: string, until: Date | null): Promise<void> {
  await db
    .updateTable('signingKeys')
    .set({ holdUntil: until })
    .where('billerId', '=', billerId)
    .where('state', '=', 'active')
    .execute();
}

/** All billers with their active keys, if any: what the readiness check needs, in one round trip. */
export async function activeKeys(db: Db) {
  return db
    .selectFrom('billers')
    .leftJoin('signingKeys', (join) =>
      join.onRef('signingKeys.billerId', '=', 'billers.id').on('signingKeys.state', '=', 'active'),
    )
    .select([
      'billers.id as billerId',
      'billers.slug',
      'billers.settings',
      'signingKeys.id as keyId',
      'signingKeys.fingerprint',
      'signingKeys.moduleLabel',
      'signingKeys.notBefore',
      'signingKeys.notAfter',
    ])
    .orderBy('billers.slug')
    .execute();
}

export type KeyRequestRow = Selectable<KeyRequestsTable>;

/** Stores a certificate request, replacing the biller's last one. */
export async function replaceKeyRequest(transaction: Transaction, request: KeyRequestRow): Promise<void> {
  await deleteKeyRequest(transaction, request.billerId);
  await transaction.insertInto('keyRequests').values(request).execute();
}

export async function findKeyRequest(db: Db, billerId: string): Promise<KeyRequestRow | undefined> {
  return db.selectFrom('keyRequests').selectAll().where('billerId', '=', billerId).executeTakeFirst();
}

export async function allKeyRequests(db: Db): Promise<KeyRequestRow[]> {
  return db.selectFrom('keyRequests').selectAll().execute();
}

/** Replaces a request's sealed private key with a resealed copy. */
export async function replaceRequestSealing(db: Db, id: string, sealedPrivateKey: Buffer): Promise<void> {
  await db.updateTable('keyRequests').set({ sealedPrivateKey }).where('id', '=', id).execute();
}

export async function deleteKeyRequest(db: Db, billerId: string): Promise<void> {
  await db.deleteFrom('keyRequests').where('billerId', '=', billerId).execute();
}
