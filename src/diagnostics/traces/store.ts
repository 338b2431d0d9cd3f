import { eq, lt } from 'drizzle-orm';
import type { Db } from '../../platform/database/database.ts';
import { billers, signOnTraces } from '../../platform/database/schema.ts';
import type { Trace } from './trace.ts';

/** Keeps a trace. A reference that is taken already keeps its first trace. */
export async function insertTrace(db: Db, reference: string, billerId: string | undefined, at: Date, trace: Trace) {
  await db
    .insert(signOnTraces)
    .values({ reference, billerId: billerId ?? null, at, trace })
    .onConflictDoNothing();
}

export async function findTrace(db: Db, reference: string) {
  const [row] = await db
    .select({
      reference: signOnTraces.reference,
      biller: billers.slug,
      at: signOnTraces.at,
      trace: signOnTraces.trace,
    })
    .from(signOnTraces)
    .leftJoin(billers, eq(billers.id, signOnTraces.billerId))
    .where(eq(signOnTraces.reference, reference));
  return row;
}

export async function deleteTracesBefore(db: Db, time: Date): Promise<void> {
  await db.delete(signOnTraces).where(lt(signOnTraces.at, time));
}
