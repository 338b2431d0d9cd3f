import type { Insertable, Selectable } from 'kysely';
import type { Database, Db, Statement } from '../../platform/database/database.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import type { ApiKeyRole, ApiKeysTable } from './schema.ts';

type ApiKeyRow = Selectable<ApiKeysTable>;

/** A key as a request is held against it. Times are milliseconds since 1970. */
interface CheckedRow {
  readonly id: string;
  readonly biller: string;
  readonly biller_id: string;
  readonly role: ApiKeyRole;
  /** Hexadecimal. */
  readonly secret_hash: string;
  readonly expires_at: number | null;
  readonly revoked: boolean;
  readonly last_used_at: number | null;
}

const milliseconds = (column: string) => `(extract(epoch from k.${column}) * 1000)::float8 as ${column}`;

const FIND: Statement = {
  name: 'api-key-find',
  text: `select k.id, b.slug as biller, k.biller_id, k.role, encode(k.secret_hash, 'hex') as secret_hash,
      ${milliseconds('expires_at')}, k.revoked_at is not null as revoked, ${milliseconds('last_used_at')}
    from api_keys k join billers b on b.id = k.biller_id where k.id = any($1::text[])`,
};

/** @returns a function that reads a key by its ID. Keys asked for at the same time are read together */
export function createFindKey(database: Database): (id: string) => Promise<CheckedRow | undefined> {
  return createBatchedLookup(async (ids) => {
    const rows = await database.query<CheckedRow>(FIND, [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  });
}

export async function insertKey(db: Db, key: Insertable<ApiKeysTable>): Promise<void> {
  await db.insertInto('apiKeys').values(key).execute();
}

/** @returns every key of the biller, the oldest first, also those that are over */
export async function listKeys(db: Db, billerId: string): Promise<ApiKeyRow[]> {
  return db
    .selectFrom('apiKeys')
    .selectAll()
    .where('billerId', '=', billerId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

/** @returns the billers that have a key which is valid now */
export async function billersWithKeys(db: Db, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('apiKeys')
    .select('billerId')
    .distinct()
    .where('revokedAt', 'is', null)
    .where((is) => is.or([is('expiresAt', 'is', null), is('expiresAt', '>', now)]))
    .execute();
  return rows.map(({ billerId }) => billerId);
}

/** @returns false if the biller has no such key, or it was revoked before */
export async function revokeKey(db: Db, billerId: string, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('apiKeys')
    .set({ revokedAt: now })
    .where('billerId', '=', billerId)
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  return Number(numUpdatedRows) === 1;
}

/** Notes a use, unless a later one is noted. */
export async function noteUse(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('apiKeys')
    .set({ lastUsedAt: now })
    .where('id', '=', id)
    .where((is) => is.or([is('lastUsedAt', 'is', null), is('lastUsedAt', '<', now)]))
    .execute();
}
