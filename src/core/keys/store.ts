import { X509Certificate } from 'node:crypto';
import { type Insertable, type RawBuilder, type Selectable, sql } from 'kysely';
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

export interface PublishedKeyRow extends SigningKeyRow {
  /** For how much longer signing is on hold, in milliseconds by the database's clock; null if it is not. */
  readonly heldMs: number | null;
  /** Changes with every change of the row: xmin, the transaction that wrote it (PostgreSQL, 5.6). */
  readonly version: string;
}

/** A biller's keys with published certificates: the active one first, then by age. */
export async function publishedKeys(db: Db, billerId: string): Promise<PublishedKeyRow[]> {
  const rows = await db
    .selectFrom('signingKeys')
    .selectAll()
    .select(sql<number | null>`(extract(epoch from hold_until - clock_timestamp()) * 1000)::float8`.as('heldMs'))
    .select(sql<string>`xmin::text`.as('version'))
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
      'signingKeys.trust',
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

/** Reads a biller's key in a given state in a transaction, and locks it until that ends. */
export async function lockKeyInState(transaction: Transaction, billerId: string, state: KeyState) {
  return transaction
    .selectFrom('signingKeys')
    .selectAll()
    .where('billerId', '=', billerId)
    .where('state', '=', state)
    .forUpdate()
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
  Partial<Pick<NewSigningKey, 'activatedAt' | 'sealedPrivateKey' | 'moduleLabel' | 'trust' | 'trustAt'>> & {
    readonly holdUntil?: RawBuilder<Date> | null;
  };

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

/** The end of a hold that begins now. By the database's clock: those of the instances differ. */
export const holdFor = (milliseconds: number) => sql<Date>`clock_timestamp() + ${milliseconds} * interval '1 ms'`;

/** A key, as long as it is the active one. */
const whileActive = (db: Db, keyId: string) =>
  db.updateTable('signingKeys').where('id', '=', keyId).where('state', '=', 'active');

/** Makes every instance pause signing with a key, at least for this long. */
export async function holdKey(db: Db, keyId: string, milliseconds: number): Promise<void> {
  const holdUntil = sql<Date>`greatest(hold_until, ${holdFor(milliseconds)})`;
  await whileActive(db, keyId).set({ holdUntil }).execute();
}

/** Makes a hold last at least for this long. @returns false if it is over, or the key is not the active one any more */
export async function renewHold(db: Db, keyId: string, milliseconds: number): Promise<boolean> {
  const holdUntil = sql<Date>`greatest(hold_until, ${holdFor(milliseconds)})`;
  const { numUpdatedRows } = await whileActive(db, keyId)
    .set({ holdUntil })
    .where('holdUntil', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Makes a hold last at most for this long. */
export async function shortenHold(db: Db, keyId: string, milliseconds: number): Promise<void> {
  const holdUntil = sql<Date>`least(hold_until, ${holdFor(milliseconds)})`;
  await whileActive(db, keyId).set({ holdUntil }).where('holdUntil', 'is not', null).execute();
}

/** Every active key with its biller's settings: what the expiry watch needs, in one round trip. */
export async function activeKeys(db: Db) {
  return db
    .selectFrom('signingKeys')
    .innerJoin('billers', 'billers.id', 'signingKeys.billerId')
    .where('signingKeys.state', '=', 'active')
    .select([
      'signingKeys.billerId',
      'billers.slug',
      'billers.settings',
      'signingKeys.id as keyId',
      'signingKeys.fingerprint',
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

/** Replaces a request's sealed private key with a resealed copy, unless it has changed. */
export async function replaceRequestSealing(db: Db, id: string, old: Buffer, sealedPrivateKey: Buffer): Promise<void> {
  await db
    .updateTable('keyRequests')
    .set({ sealedPrivateKey })
    .where('id', '=', id)
    .where('sealedPrivateKey', '=', old)
    .execute();
}

export async function deleteKeyRequest(db: Db, billerId: string): Promise<void> {
  await db.deleteFrom('keyRequests').where('billerId', '=', billerId).execute();
}
