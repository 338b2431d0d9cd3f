import { and, eq, isNotNull, like } from 'drizzle-orm';
import type { Db } from '../../../platform/database/database.ts';
import { installation, signingKeys } from '../../../platform/database/schema.ts';

/**
 * Keys waiting to be destroyed in the HSM. A key is recorded in the same transaction in which its row releases it, so
 * that none is forgotten while the HSM is away. A new key is recorded before it is made and removed from the list when
 * its row is stored, so that an interrupted creation leaves nothing behind either.
 */
interface ScheduledDestruction {
  readonly label: string;
  /** The earliest time to destroy it. */
  readonly after: Date;
  readonly billerId: string;
  /** SHA-256 of its certificate, hexadecimal; undefined if it has none yet. */
  readonly fingerprint: string | undefined;
}

const PREFIX = 'destroy in the hardware module: ';

/** Schedules a key for destruction. */
export async function scheduleDestruction(
  db: Db,
  { label, after, billerId, fingerprint }: ScheduledDestruction,
): Promise<void> {
  const value = JSON.stringify({ after: after.toISOString(), billerId, fingerprint });
  await db
    .insert(installation)
    .values({ name: PREFIX + label, value })
    .onConflictDoUpdate({ target: installation.name, set: { value } });
}

/** Removes a key from the list: it was destroyed, or is to be kept. */
export async function cancelDestruction(db: Db, label: string): Promise<void> {
  await db.delete(installation).where(eq(installation.name, PREFIX + label));
}

/** Schedules all of a biller's keys in the HSM for destruction, because the biller is being removed. */
export async function scheduleDestructionOfAll(db: Db, billerId: string, after: Date): Promise<void> {
  const keys = await db
    .select({ label: signingKeys.moduleLabel, fingerprint: signingKeys.fingerprint })
    .from(signingKeys)
    .where(and(eq(signingKeys.billerId, billerId), isNotNull(signingKeys.moduleLabel)));
  for (const { label, fingerprint } of keys) {
    if (label !== null) await scheduleDestruction(db, { label, after, billerId, fingerprint });
  }
}

/** All scheduled keys, due or not. */
export async function scheduledDestructions(db: Db): Promise<ScheduledDestruction[]> {
  const rows = await db
    .select()
    .from(installation)
    .where(like(installation.name, `${PREFIX}%`));
  return rows.map(({ name, value }) => {
    const { after, billerId, fingerprint } = JSON.parse(value) as { after: string } & Omit<
      ScheduledDestruction,
      'label' | 'after'
    >;
    return { label: name.slice(PREFIX.length), after: new Date(after), billerId, fingerprint };
  });
}

/** Tells whether a row refers to the key with this label in the HSM. */
export async function isInUse(db: Db, label: string): Promise<boolean> {
  const rows = await db.select({ id: signingKeys.id }).from(signingKeys).where(eq(signingKeys.moduleLabel, label));
  return rows.length > 0;
}
