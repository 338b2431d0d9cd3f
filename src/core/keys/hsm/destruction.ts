import type { Db } from '../../../platform/database/database.ts';
import { deleteFact, factsBeginningWith, writeFact } from '../../secrets/store.ts';
import { findKeys } from '../store.ts';

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
  await writeFact(db, PREFIX + label, JSON.stringify({ after: after.toISOString(), billerId, fingerprint }));
}

/** Removes a key from the list: it was destroyed, or is to be kept. */
export async function cancelDestruction(db: Db, label: string): Promise<void> {
  await deleteFact(db, PREFIX + label);
}

/** Schedules all of a biller's keys in the HSM for destruction, because the biller is being removed. */
export async function scheduleDestructionOfAll(db: Db, billerId: string, after: Date): Promise<void> {
  for (const { moduleLabel: label, fingerprint } of await findKeys(db, billerId)) {
    if (label !== null) await scheduleDestruction(db, { label, after, billerId, fingerprint });
  }
}

/** All scheduled keys, due or not. */
export async function scheduledDestructions(db: Db): Promise<ScheduledDestruction[]> {
  return (await factsBeginningWith(db, PREFIX)).map(({ name, value }) => {
    const { after, billerId, fingerprint } = JSON.parse(value) as { after: string } & Omit<
      ScheduledDestruction,
      'label' | 'after'
    >;
    return { label: name.slice(PREFIX.length), after: new Date(after), billerId, fingerprint };
  });
}
