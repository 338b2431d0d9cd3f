import type { Db } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import type { Trace } from './trace.ts';

/** Stores a trace. If the reference already has a trace, the first one is kept. */
export async function insertTrace(db: Db, reference: string, billerId: string | undefined, at: Date, trace: Trace) {
  await db
    .insertInto('signOnTraces')
    .values({ reference, billerId: billerId ?? null, at, trace })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @returns the trace with its biller's slug, read in one round trip */
export function findTrace(db: Db, reference: string) {
  return db
    .selectFrom('signOnTraces')
    .leftJoin('billers', 'billers.id', 'signOnTraces.billerId')
    .select(['signOnTraces.reference', 'billers.slug as biller', 'signOnTraces.at', 'signOnTraces.trace'])
    .where('signOnTraces.reference', '=', reference)
    .executeTakeFirst();
}

export async function deleteTracesBefore(db: Db, time: Date): Promise<void> {
  const old = db.selectFrom('signOnTraces').select('reference').where('at', '<', time);
  await deleteInBatches((most) =>
    db.deleteFrom('signOnTraces').where('reference', 'in', old.limit(most)).executeTakeFirst(),
  );
}
