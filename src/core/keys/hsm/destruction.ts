import type { Db } from '../../../platform/database/database.ts';
import { deleteFact, factsBeginningWith, writeFact } from '../../secrets/store.ts';
import { findKeys } from '../store.ts';

/**
 * Keys that are to be destroyed in the hardware module. They are written down in the same transaction in which their row
 * lets go of them, so that none is forgotten while the module is away. A key that is being made is written down before it
 * is made, and crossed out when its row is stored: so one whose maker was cut off is not left behind either.
 */
interface ScheduledDestruction {
  readonly label: string;
  /** Not before then. */
  readonly after: Date;
  readonly billerId: string;
  /** SHA-256 of its certificate, hexadecimal; undefined where it has none yet. */
  readonly fingerprint: string | undefined;
}

const PREFIX = 'destroy in the hardware module: ';

/** Writes down a key that is to be destroyed. */
export async function scheduleDestruction(
  db: Db,
  { label, after, billerId, fingerprint }: ScheduledDestruction,
): Promise<void> {
  await writeFact(db, PREFIX + label, JSON.stringify({ after: after.toISOString(), billerId, fingerprint }));
}

/** Crosses a key out: it is destroyed, or is to stay. */
export async function cancelDestruction(db: Db, label: string): Promise<void> {
  await deleteFact(db, PREFIX + label);
}

/** Writes down every key that a biller has in the module, because the biller is about to be removed. */
export async function scheduleDestructionOfAll(db: Db, billerId: string, after: Date): Promise<void> {
  for (const { moduleLabel: label, fingerprint } of await findKeys(db, billerId)) {
    if (label !== null) await scheduleDestruction(db, { label, after, billerId, fingerprint });
  }
}

/** Every key that is written down, due or not. */
export async function scheduledDestructions(db: Db): Promise<ScheduledDestruction[]> {
  return (await factsBeginningWith(db, PREFIX)).map(({ name, value }) => {
    const { after, billerId, fingerprint } = JSON.parse(value) as { after: string } & Omit<
      ScheduledDestruction,
      'label' | 'after'
    >;
    return { label: name.slice(PREFIX.length), after: new Date(after), billerId, fingerprint };
  });
}
