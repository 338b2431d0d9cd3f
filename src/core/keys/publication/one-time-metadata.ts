import { createHash, randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Db, Transaction } from '../../../platform/database/database.ts';
import type { OneTimeMetadataTable } from './schema.ts';

type OneTimeMetadataRow = Selectable<OneTimeMetadataTable>;

const TOKEN = /^[\w-]{43}$/;
const hashToken = (token: string) => createHash('sha256').update(token).digest();

interface NewOneTimeMetadata {
  readonly billerId: string;
  readonly keyId: string;
  readonly networks: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Makes a token for one staged key's metadata. Invalidates the biller's earlier unused tokens. @returns the token */
export async function insertOneTimeMetadata(transaction: Transaction, made: NewOneTimeMetadata): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await transaction
    .deleteFrom('oneTimeMetadata')
    .where('billerId', '=', made.billerId)
    .where('usedAt', 'is', null)
    .execute();
  await transaction
    .insertInto('oneTimeMetadata')
    .values({ ...made, networks: [...made.networks], tokenHash: hashToken(token) })
    .execute();
  return token;
}

export async function findOneTimeMetadata(
  db: Db,
  billerId: string,
  token: string,
): Promise<OneTimeMetadataRow | undefined> {
  if (!TOKEN.test(token)) return undefined;
  return db
    .selectFrom('oneTimeMetadata')
    .selectAll()
    .where('tokenHash', '=', hashToken(token))
    .where('billerId', '=', billerId)
    .executeTakeFirst();
}

/** Claims the one fetch that counts. @returns false if another fetch was first */
export async function useOneTimeMetadata(db: Db, tokenHash: Buffer, at: Date, from: string): Promise<boolean> {
  const rows = await db
    .updateTable('oneTimeMetadata')
    .set({ usedAt: at, usedFrom: from })
    .where('tokenHash', '=', tokenHash)
    .where('usedAt', 'is', null)
    .returning('keyId')
    .execute();
  return rows.length === 1;
}
