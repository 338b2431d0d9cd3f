import type { Insertable, Selectable } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import type { KeyRequestsTable, SigningKeysTable } from './schema.ts';

export type SigningKeyRow = Selectable<SigningKeysTable>;
export type NewSigningKey = Insertable<SigningKeysTable>;
export type KeyState = 'staged' | 'active' | 'retiring' | 'retired' | 'revoked';

/** The states in which a certificate is published. */
const PUBLISHED: KeyState[] = ['active', 'staged', 'retiring'];

/** Adds a key as it is. */
export async function insertKey(db: Db, key: NewSigningKey): Promise<void> {
  await db.insertInto('signingKeys').values(key).execute();
}

/** The keys of a biller whose certificates are published: the active one first, then by age. */
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

/** Every key, of one biller or of all, without its private part; with the biller's slug, in one round trip. */
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
 * Every key whose private part is in the hardware security module, with its certificate (DER in base64) and the biller's
 * slug, in one round trip.
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

/** Whether a row names the key with this label in the hardware security module. */
export async function isInUse(db: Db, moduleLabel: string): Promise<boolean> {
  const row = await db.selectFrom('signingKeys').select('id').where('moduleLabel', '=', moduleLabel).executeTakeFirst();
  return row !== undefined;
}

/** One key of a biller by its state. */
export async function keyInState(db: Db, billerId: string, state: KeyState): Promise<SigningKeyRow | undefined> {
  return db
    .selectFrom('signingKeys')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('state', '=', state)
    .executeTakeFirst();
}

/** One key, whatever its state. */
export async function keyById(db: Db, id: string): Promise<SigningKeyRow | undefined> {
  return db.selectFrom('signingKeys').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The keys of a biller, whatever their states. */
export async function findKeys(db: Db, billerId: string): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').selectAll().where('billerId', '=', billerId).orderBy('createdAt').execute();
}

/** Every key that has a private part in the database. */
export async function sealedKeys(db: Db): Promise<SigningKeyRow[]> {
  return db.selectFrom('signingKeys').selectAll().where('sealedPrivateKey', 'is not', null).execute();
}

/** Puts another sealing of the same private part in the place of one, if that is still there. */
export async function replaceSealing(db: Db, keyId: string, old: Buffer, sealedPrivateKey: Buffer): Promise<void> {
  await db
    .updateTable('signingKeys')
    .set({ sealedPrivateKey })
    .where('id', '=', keyId)
    .where('sealedPrivateKey', '=', old)
    .execute();
}

/** What a change of state brings with it. */
type StateChange = Pick<NewSigningKey, 'state'> &
  Partial<Pick<NewSigningKey, 'activatedAt' | 'sealedPrivateKey' | 'moduleLabel' | 'holdUntil'>>;

/**
 * Moves a key from one state to another, if it still is in the first (compare and swap).
 *
 * @returns false where it is not
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

/** Has every instance wait with signing for a biller until then. */
export async function holdKeys(db: Db, billerId: string, until: Date | null): Promise<void> {
  await db
    .updateTable('signingKeys')
    .set({ holdUntil: until })
    .where('billerId', '=', billerId)
    .where('state', '=', 'active')
    .execute();
}

/** Every biller with its active key, where it has one: what readiness looks at, in one round trip. */
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

/** Keeps a certificate request in place of the biller's last one. */
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

/** Puts another sealing of the same private key in the place of the one of a request. */
export async function replaceRequestSealing(db: Db, id: string, sealedPrivateKey: Buffer): Promise<void> {
  await db.updateTable('keyRequests').set({ sealedPrivateKey }).where('id', '=', id).execute();
}

export async function deleteKeyRequest(db: Db, billerId: string): Promise<void> {
  await db.deleteFrom('keyRequests').where('billerId', '=', billerId).execute();
}
