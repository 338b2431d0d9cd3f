import { eq, lt } from 'drizzle-orm';
import type { Orm } from '../../platform/database/database.ts';
import { billers, signOnTraces } from '../../platform/database/schema.ts';
import type { Trace } from './trace.ts';

/** Keeps a trace. A reference that is taken already keeps its first trace. */
export async function insertTrace(orm: Orm, reference: string, billerId: string | undefined, at: Date, trace: Trace) {
  await orm
    .insert(signOnTraces)
    .values({ reference, billerId: billerId ?? null, at, trace })
    .onConflictDoNothing();
}

export async function findTrace(orm: Orm, reference: string) {
  const [row] = await orm
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

export async function deleteTracesBefore(orm: Orm, time: Date): Promise<void> {
  await orm.delete(signOnTraces).where(lt(signOnTraces.at, time));
}
