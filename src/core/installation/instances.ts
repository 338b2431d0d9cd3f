import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Selectable } from 'kysely';
import type { Db } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import type { InstancesTable } from './schema.ts';

/** An instance announces itself this often. */
export const ANNOUNCE_EVERY_MS = 15_000;
/** One that has not been seen for this long has ended without saying so. */
const GONE_AFTER_MS = 60_000;

export type Instance = Selectable<InstancesTable>;

/** What this instance tells the others about itself. */
export interface Presence {
  /** Says that it runs, and which master keys it has now. */
  announce(): Promise<void>;
  /** Says that it ends. */
  leave(): Promise<void>;
}

interface PresenceServices {
  readonly db: Db;
  readonly masterKey: MasterKey;
  readonly version: string;
  readonly clock: () => number;
}

export function createPresence({ db, masterKey, version, clock }: PresenceServices): Presence {
  const id = randomUUID();
  const startedAt = new Date(clock());
  return {
    async announce() {
      const seen = { masterKeys: [...masterKey.checkValues], seenAt: new Date(clock()) };
      await db
        .insertInto('instances')
        .values({ id, host: hostname(), pid: process.pid, version, startedAt, ...seen })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(seen))
        .execute();
      await db
        .deleteFrom('instances')
        .where('seenAt', '<', new Date(clock() - GONE_AFTER_MS))
        .execute();
    },
    async leave() {
      await db.deleteFrom('instances').where('id', '=', id).execute();
    },
  };
}

/** @param now milliseconds since 1970 @returns the instances that run, the oldest first */
export async function runningInstances(db: Db, now: number): Promise<Instance[]> {
  return db
    .selectFrom('instances')
    .selectAll()
    .where('seenAt', '>=', new Date(now - GONE_AFTER_MS))
    .orderBy('startedAt')
    .orderBy('id')
    .execute();
}

/** For messages: which instance is meant. */
export const instanceInWords = ({ host, pid }: Pick<Instance, 'host' | 'pid'>): string => `${host} (process ${pid})`;
