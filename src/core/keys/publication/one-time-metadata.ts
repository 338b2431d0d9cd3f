import { createHash, randomBytes } from 'node:crypto';
import { and, eq, isNull } from 'drizzle-orm';
import type { Db } from '../../../platform/database/database.ts';
import { oneTimeMetadata } from '../../../platform/database/schema.ts';

type OneTimeMetadataRow = typeof oneTimeMetadata.$inferSelect;

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
export async function insertOneTimeMetadata(db: Db, made: NewOneTimeMetadata): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db
    .delete(oneTimeMetadata)
    .where(and(eq(oneTimeMetadata.billerId, made.billerId), isNull(oneTimeMetadata.usedAt)));
  await db.insert(oneTimeMetadata).values({ ...made, networks: [...made.networks], tokenHash: hashToken(token) });
  return token;
}

export async function findOneTimeMetadata(
  db: Db,
  billerId: string,
  token: string,
): Promise<OneTimeMetadataRow | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const [row] = await db
    .select()
    .from(oneTimeMetadata)
    .where(and(eq(oneTimeMetadata.tokenHash, hashToken(token)), eq(oneTimeMetadata.billerId, billerId)));
  return row;
}

/** Claims the one fetch that counts. @returns false if another fetch was first */
export async function useOneTimeMetadata(db: Db, tokenHash: Buffer, at: Date, from: string): Promise<boolean> {
  const rows = await db
    .update(oneTimeMetadata)
    .set({ usedAt: at, usedFrom: from })
    .where(and(eq(oneTimeMetadata.tokenHash, tokenHash), isNull(oneTimeMetadata.usedAt)))
    .returning({ keyId: oneTimeMetadata.keyId });
  return rows.length === 1;
}
