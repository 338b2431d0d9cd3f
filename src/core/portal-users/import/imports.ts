import { type Selectable, sql } from 'kysely';
import type { Db, Transaction } from '../../../platform/database/database.ts';
import { deleteInBatches } from '../../../platform/database/delete-in-batches.ts';
import type { UserImportRowsTable, UserImportsTable } from '../schema.ts';
import type { VouchingSource } from '../vouched.ts';

/** Longer than anybody waits for an import to go on. */
const KEPT_MS = 24 * 3600_000;

/** An import of a source's users that is under way. */
export type UserImport = Selectable<UserImportsTable>;
export type StagedRow = Omit<UserImportRowsTable, 'importId'>;

/** Begins an import. One of the same source's users that is under way ends: it may be of a process that was killed. */
export async function beginImport(db: Db, by: VouchingSource, reference: string): Promise<UserImport> {
  const fresh = { id: sql<string>`gen_random_uuid()`, beganAt: sql<Date>`now()`, reference };
  const begun = await db
    .insertInto('userImports')
    .values({ ...by, ...fresh })
    .onConflict((conflict) => conflict.columns(['billerId', 'source']).doUpdateSet(fresh))
    .returningAll()
    .executeTakeFirstOrThrow();
  await deleteLeftRows(db);
  return begun;
}

/** @returns undefined if it is over */
export async function findImport(db: Db, id: string): Promise<UserImport | undefined> {
  return db.selectFrom('userImports').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Keeps an import from ending until the end of the transaction. @returns undefined if it is over */
export async function lockImport(transaction: Transaction, id: string): Promise<UserImport | undefined> {
  return transaction.selectFrom('userImports').selectAll().where('id', '=', id).forShare().executeTakeFirst();
}

/** Puts rows by. Lock the import first: the rows of one that is over are deleted. */
export async function stageRows(transaction: Transaction, importId: string, rows: readonly StagedRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <Name extends keyof StagedRow>(name: Name) => rows.map((row) => row[name]);
  await sql`insert into user_import_rows (import_id, external_id, line, email, account, role)
    select ${importId}::uuid, * from unnest(${column('externalId')}::text[], ${column('line')}::int[],
      ${column('email')}::text[], ${column('account')}::text[], ${column('role')}::text[])`.execute(transaction);
}

/** Ends an import; nothing that it has changed is undone. */
export async function endImport(db: Db, id: string): Promise<void> {
  await db.deleteFrom('userImports').where('id', '=', id).execute();
  await deleteLeftRows(db);
}

async function deleteLeftRows(db: Db): Promise<void> {
  await deleteInBatches((most) =>
    db
      .deleteFrom('userImportRows')
      .where(
        sql<boolean>`ctid = any(array(select r.ctid from user_import_rows r
          where not exists (select from user_imports i where i.id = r.import_id) limit ${most}))`,
      )
      .executeTakeFirst(),
  );
}

/** Deletes what imports have left whose process was killed. */
export async function deleteLeftImports(db: Db, now: Date): Promise<void> {
  await db
    .deleteFrom('userImports')
    .where('beganAt', '<', new Date(now.getTime() - KEPT_MS))
    .execute();
  await deleteLeftRows(db);
}
