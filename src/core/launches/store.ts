import type { Insertable } from 'kysely';
import type { Db, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import type { LaunchTicketsTable } from './schema.ts';

export async function insertTicket(
  transaction: Transaction,
  ticket: Insertable<Omit<LaunchTicketsTable, 'replacedHash' | 'usedAt' | 'refreshedAt'>>,
): Promise<void> {
  await transaction
    .insertInto('launchTickets')
    .values({ ...ticket, usedAt: null, refreshedAt: null })
    .execute();
}

/** @returns the launch that a ticket begins, or began before it was replaced, with its portal user's email and its biller's short name */
export async function findTicket(db: Db, ticketHash: Buffer) {
  return db
    .selectFrom('launchTickets')
    .innerJoin('portalUsers', 'portalUsers.id', 'launchTickets.userId')
    .innerJoin('billers', 'billers.id', 'launchTickets.billerId')
    .selectAll('launchTickets')
    .select(['portalUsers.email', 'billers.slug as biller'])
    .where((is) => is.or([is('ticketHash', '=', ticketHash), is('replacedHash', '=', ticketHash)]))
    .executeTakeFirst();
}

/** Uses a ticket up. Of several at the same time, on any instance, one gets it. @returns whether it was this one */
export async function useTicket(transaction: Transaction, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('launchTickets')
    .set({ usedAt: now })
    .where('id', '=', id)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', now)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** @returns whether a ticket is not used yet */
export async function isUnused(transaction: Transaction, id: string): Promise<boolean> {
  const row = await transaction.selectFrom('launchTickets').select('usedAt').where('id', '=', id).executeTakeFirst();
  return row?.usedAt === null;
}

/** Puts another ticket in the place of one that is not used, for a window of its own. @returns whether it did */
export async function replaceTicket(
  db: Db,
  id: string,
  before: Buffer,
  next: { readonly ticketHash: Buffer; readonly expiresAt: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('launchTickets')
    .set({ ...next, replacedHash: before, viewMode: 0 })
    .where('id', '=', id)
    .where('ticketHash', '=', before)
    .where('usedAt', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** @returns when a launch of this portal user last led back to the portal, and when one was last followed */
export async function lastOfUser(db: Db, userId: string) {
  return db
    .selectFrom('launchTickets')
    .select(({ fn }) => [fn.max('refreshedAt').as('refreshedAt'), fn.max('usedAt').as('usedAt')])
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow();
}

export async function noteRefresh(db: Db, id: string, now: Date): Promise<void> {
  await db.updateTable('launchTickets').set({ refreshedAt: now }).where('id', '=', id).execute();
}

export async function deleteTicketsBefore(db: Db, expired: Date): Promise<void> {
  const over = db.selectFrom('launchTickets').select('id').where('expiresAt', '<', expired);
  await deleteInBatches((most) =>
    db.deleteFrom('launchTickets').where('id', 'in', over.limit(most)).executeTakeFirst(),
  );
}
