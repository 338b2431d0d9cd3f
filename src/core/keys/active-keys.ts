import type { Database, Statement } from '../../platform/database/database.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { sealContext } from '../secrets/seal-context.ts';

/** A biller with its active key, or with nulls if it has none. Times are milliseconds since 1970. */
export interface ActiveKey {
  readonly biller_id: string;
  readonly slug: string;
  /** The biller does not sign with an expired key. */
  readonly refuses_expired: boolean;
  readonly key_id: string | null;
  /** Changes with every change of the key's row. */
  readonly version: string | null;
  readonly fingerprint: string | null;
  readonly module_label: string | null;
  readonly not_before: number | null;
  readonly not_after: number | null;
}

const milliseconds = (column: string) => `(extract(epoch from k.${column}) * 1000)::float8 as ${column}`;

// xmin is the transaction that wrote the row (PostgreSQL, 5.6 System Columns).
const ACTIVE: Statement = {
  name: 'active-keys',
  text: `select b.id as biller_id, b.slug, coalesce(b.settings ->> 'expiredKey' = 'refuse', false) as refuses_expired,
      k.id as key_id, k.xmin::text as version, k.fingerprint, k.module_label,
      ${milliseconds('not_before')}, ${milliseconds('not_after')}
    from billers b left join signing_keys k on k.biller_id = b.id and k.state = 'active'
    order by b.slug`,
};

/** Every biller with its active key, by slug, without the private part: one round trip. */
export function listActiveKeys(database: Database): Promise<ActiveKey[]> {
  return database.query<ActiveKey>(ACTIVE, []);
}

interface SealedRow {
  readonly key_id: string;
  readonly version: string;
  readonly biller_id: string;
  readonly sealed: Uint8Array | null;
}

// A key that is no longer active is not read: its private part may be gone by now, as it should be.
const SEALED: Statement = {
  name: 'active-keys-sealed',
  text: `select id as key_id, xmin::text as version, biller_id, sealed_private_key as sealed
    from signing_keys where id = any($1::uuid[]) and state = 'active'`,
};

/** About 2 ms of work. Other requests get their turn between two batches. */
const BATCH = 200;

/**
 * Finds the active keys whose private part the master key can't unseal.
 *
 * @param keys active keys of the database, not of a hardware security module
 * @returns the ids of the damaged ones
 */
export type FindDamagedKeys = (keys: readonly ActiveKey[]) => Promise<ReadonlySet<string>>;

/**
 * Makes a check that verifies each row's seal (its AES-GCM tag) and keeps nothing of the private part. A verified row is
 * not read again until it changes, so an interrupted check does not begin anew.
 */
export function createFindDamagedKeys(database: Database, masterKey: Pick<MasterKey, 'opens'>): FindDamagedKeys {
  /** Verified versions of rows, by key id. */
  const verified = new Map<string, string>();

  return async (keys) => {
    const current = new Map(keys.map(({ key_id, version }) => [key_id ?? '', version]));
    for (const [id, version] of verified) if (current.get(id) !== version) verified.delete(id);
    const unverified = [...current.keys()].filter((id) => !verified.has(id));
    const damaged = new Set<string>();
    for (let begin = 0; begin < unverified.length; begin += BATCH) {
      const rows = await database.query<SealedRow>(SEALED, [unverified.slice(begin, begin + BATCH)]);
      for (const { key_id, version, biller_id, sealed } of rows) {
        if (sealed !== null && masterKey.opens(sealed, sealContext(biller_id, key_id))) verified.set(key_id, version);
        else damaged.add(key_id);
      }
    }
    return damaged;
  };
}
