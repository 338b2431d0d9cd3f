import type { Database, Statement } from '../../platform/database/database.ts';
import { isKnown, isServiceProvider } from './publication/fetcher.ts';
import type { Trust } from './trust/store.ts';

/** The state of one biller's keys. Times are milliseconds since 1970. */
export interface KeyStatus {
  readonly biller_id: string;
  readonly slug: string;
  readonly rotation: 'overlap' | 'switch-on-fetch';
  readonly active: KeyFacts | null;
  readonly staged: KeyFacts | null;
  readonly retiring: KeyFacts | null;
  /** Fetches that were shown the staged certificate since it was staged, except those that don't count. */
  readonly seen: number;
  readonly last_seen: FetchFacts | null;
  /** Who made them, the last one first; at most SEEN_BY. */
  readonly seen_by: readonly SeenBy[];
  /** The biller's settings list the Service Provider's clients, so that only these count. */
  readonly clients_known: boolean;
  /** The Service Provider's last fetch of all: what it holds now, if it stored what it was shown. */
  readonly last_fetch: FetchFacts | null;
  /** When the open one-time metadata URL expires. */
  readonly handed_over_until: number | null;
  /** Like `seen`, of the active certificate. */
  readonly active_seen: number;
  /** The portal user whose sign-ons the staged key signs. */
  readonly canary: CanaryFacts | null;
}

export interface CanaryFacts {
  readonly user_id: string;
  readonly email: string;
  readonly since: number;
}

export interface KeyFacts {
  readonly fingerprint: string;
  readonly key_type: string;
  /** Its label in the HSM, if the key is there. */
  readonly module_label: string | null;
  readonly since: number;
  readonly not_before: number;
  readonly not_after: number;
  /** What the Service Provider did with a sign-on that the key signed; null: not known. */
  readonly trust: Trust | null;
  readonly trust_at: number | null;
}

interface SeenBy {
  readonly at: number;
  readonly address: string;
  readonly client: string;
  readonly count: number;
}

interface FetchFacts {
  readonly at: number;
  readonly address: string;
  readonly client: string;
  readonly certificates: readonly string[];
}

const milliseconds = (expression: string) => `(extract(epoch from ${expression}) * 1000)::float8`;
const key = (state: string) => `(select json_build_object('fingerprint', k.fingerprint, 'key_type', k.key_type,
    'module_label', k.module_label,
    'since', ${milliseconds('k.state_since')}, 'not_before', ${milliseconds('k.not_before')}, 'not_after', ${milliseconds('k.not_after')},
    'trust', k.trust, 'trust_at', ${milliseconds('k.trust_at')})
  from signing_keys k where k.biller_id = b.id and k.state = '${state}' limit 1)`;
const FETCH = `json_build_object('at', ${milliseconds('f.at')}, 'address', f.address, 'client', f.client,
    'certificates', f.certificates, 'count', f.count)`;
/** How many rows are looked at for who has seen a certificate. */
const SEEN_BY = 50;
/** The fetches of a biller that were shown the certificate of a key since it was made. */
const shown = (key: string) => `coalesce((select json_agg(${FETCH} order by f.at desc) from (
        select * from metadata_fetches m where m.biller_id = b.id and not m.monitor and m.at >= ${key}.created_at
          and ${key}.fingerprint = any (m.certificates) order by m.at desc limit ${SEEN_BY}) f), '[]')`;

const STATUS: Statement = {
  name: 'key-status',
  text: `select b.id as biller_id, b.slug,
      case b.settings ->> 'rotation' when 'switch-on-fetch' then 'switch-on-fetch' else 'overlap' end as rotation,
      coalesce(b.settings -> 'metadataClients', '[]') as metadata_clients, coalesce(b.settings -> 'monitors', '[]') as monitors,
      ${key('active')} as active, ${key('staged')} as staged, ${key('retiring')} as retiring,
      ${shown('s')} as seen_rows, ${shown('a')} as active_rows,
      (select json_build_object('user_id', u.id, 'email', u.email, 'since', ${milliseconds('s.canary_since')})
        from portal_users u where u.id = s.canary_user_id) as canary,
      (select ${FETCH} from metadata_fetches f where f.biller_id = b.id and not f.monitor and cardinality(f.certificates) > 0
        order by f.at desc limit 1) as last_fetch,
      (select max(${milliseconds('o.expires_at')}) from one_time_metadata o
        where o.biller_id = b.id and o.key_id = s.id and o.used_at is null and o.expires_at > $2) as handed_over_until
    from billers b left join signing_keys s on s.biller_id = b.id and s.state = 'staged'
      left join signing_keys a on a.biller_id = b.id and a.state = 'active'
    where $1::uuid[] is null or b.id = any ($1::uuid[])
    order by b.slug`,
};

type ShownRows = readonly (FetchFacts & SeenBy)[];
type Row = Omit<KeyStatus, 'seen' | 'last_seen' | 'seen_by' | 'clients_known' | 'active_seen'> & {
  readonly metadata_clients: readonly string[];
  readonly monitors: readonly string[];
  readonly seen_rows: ShownRows;
  readonly active_rows: ShownRows;
};

const sum = (rows: ShownRows) => rows.reduce((total, { count }) => total + count, 0);

/** Decides by the settings as they are now which fetches count: the clients may have been listed after the fetch. */
function statusOf({ metadata_clients: metadataClients, monitors, seen_rows, active_rows, ...row }: Row): KeyStatus {
  const clients = { metadataClients, monitors };
  const clients_known = metadataClients.length > 0;
  const counted = (rows: ShownRows) =>
    rows.filter((fetch) => (clients_known ? isKnown : isServiceProvider)(fetch, clients));
  const seen_by = counted(seen_rows);
  const active_seen = sum(counted(active_rows));
  return { ...row, seen: sum(seen_by), last_seen: seen_by[0] ?? null, seen_by, clients_known, active_seen };
}

/** @param billerIds undefined for all billers @param now milliseconds since 1970 */
export async function readKeyStatus(
  database: Database,
  billerIds: readonly string[] | undefined,
  now: number,
): Promise<KeyStatus[]> {
  const rows = await database.query<Row>(STATUS, [billerIds ?? null, new Date(now).toISOString()]);
  return rows.map(statusOf);
}
