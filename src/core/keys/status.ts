import type { Database, Statement } from '../../platform/database/database.ts';
import { isKnown, isServiceProvider } from './publication/fetcher.ts';

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
}

export interface KeyFacts {
  readonly fingerprint: string;
  readonly key_type: string;
  /** Its label in the HSM, if the key is there. */
  readonly module_label: string | null;
  readonly since: number;
  readonly not_before: number;
  readonly not_after: number;
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
    'since', ${milliseconds('k.state_since')}, 'not_before', ${milliseconds('k.not_before')}, 'not_after', ${milliseconds('k.not_after')})
  from signing_keys k where k.biller_id = b.id and k.state = '${state}' limit 1)`;
const FETCH = `json_build_object('at', ${milliseconds('f.at')}, 'address', f.address, 'client', f.client,
    'certificates', f.certificates, 'count', f.count)`;
/** How many rows are looked at for who has seen the staged certificate. */
const SEEN_BY = 50;

const STATUS: Statement = {
  name: 'key-status',
  text: `select b.id as biller_id, b.slug,
      case b.settings ->> 'rotation' when 'switch-on-fetch' then 'switch-on-fetch' else 'overlap' end as rotation,
      coalesce(b.settings -> 'metadataClients', '[]') as metadata_clients, coalesce(b.settings -> 'monitors', '[]') as monitors,
      ${key('active')} as active, ${key('staged')} as staged, ${key('retiring')} as retiring,
      coalesce((select json_agg(${FETCH} order by f.at desc) from (
        select * from metadata_fetches m where m.biller_id = b.id and not m.monitor and m.at >= s.created_at
          and s.fingerprint = any (m.certificates) order by m.at desc limit ${SEEN_BY}) f), '[]') as seen_rows,
      (select ${FETCH} from metadata_fetches f where f.biller_id = b.id and not f.monitor and cardinality(f.certificates) > 0
        order by f.at desc limit 1) as last_fetch,
      (select max(${milliseconds('o.expires_at')}) from one_time_metadata o
        where o.biller_id = b.id and o.key_id = s.id and o.used_at is null and o.expires_at > $2) as handed_over_until
    from billers b left join signing_keys s on s.biller_id = b.id and s.state = 'staged'
    where $1::uuid[] is null or b.id = any ($1::uuid[])
    order by b.slug`,
};

type Row = Omit<KeyStatus, 'seen' | 'last_seen' | 'seen_by' | 'clients_known'> & {
  readonly metadata_clients: readonly string[];
  readonly monitors: readonly string[];
  readonly seen_rows: readonly (FetchFacts & SeenBy)[];
};

/** Decides by the settings as they are now which fetches count: the clients may have been listed after the fetch. */
function statusOf({ metadata_clients: metadataClients, monitors, seen_rows, ...row }: Row): KeyStatus {
  const clients = { metadataClients, monitors };
  const clients_known = metadataClients.length > 0;
  const seen_by = seen_rows.filter((fetch) => (clients_known ? isKnown : isServiceProvider)(fetch, clients));
  const seen = seen_by.reduce((sum, { count }) => sum + count, 0);
  return { ...row, seen, last_seen: seen_by[0] ?? null, seen_by, clients_known };
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

/** Whether it is safe to activate the staged key now, and why. */
export interface Verdict {
  readonly safe: boolean;
  /** It is safe only if an operator confirms that those who fetched the certificate are the Service Provider. */
  readonly unconfirmed: boolean;
  readonly sentence: string;
}

const MAX_NAMED = 3;

/** @returns who fetched the staged certificate, in words */
export function fetchersInWords({ seen_by }: KeyStatus): string {
  const names = seen_by.map(({ address, client }) => `${address} (${client === '' ? 'no User-Agent' : client})`);
  const distinct = [...new Set(names)];
  const named = distinct.slice(0, MAX_NAMED).join(', ');
  return distinct.length > MAX_NAMED ? `${named} and ${distinct.length - MAX_NAMED} more` : named;
}

const kindOf = ({ key_type }: KeyFacts) => key_type.split('-', 1)[0];

/** A fetch proves that the certificate arrived, not that the Service Provider can verify with it. */
function changeOfKind({ active, staged }: KeyStatus): string {
  if (active === null || staged === null || kindOf(active) === kindOf(staged)) return '';
  return ` The key type changes from ${kindOf(active)} to ${kindOf(staged)}, and many Service Providers verify only RSA: ask the Service Provider first.`;
}

/** Decides whether it is safe to activate the staged key. */
export function verdictOf(status: KeyStatus, now: number): Verdict {
  const { safe = false, unconfirmed = false, sentence } = verdictOnFetches(status, now);
  return { safe, unconfirmed, sentence: sentence + changeOfKind(status) };
}

function verdictOnFetches(status: KeyStatus, now: number): Partial<Verdict> & Pick<Verdict, 'sentence'> {
  const { staged, rotation, seen, clients_known: known, handed_over_until: until } = status;
  if (staged === null) return { sentence: 'No key is staged.' };
  if (staged.not_after <= now) return { sentence: 'The staged certificate has expired. Retire it and stage another.' };
  if (staged.not_before > now) {
    return {
      sentence: `The staged certificate is not valid before ${new Date(staged.not_before).toISOString()}.`,
    };
  }
  if (rotation === 'switch-on-fetch') {
    return until === null
      ? {
          sentence:
            'The Service Provider keeps only one certificate. Make a one-time metadata URL: `ic-idp key hand-over`.',
        }
      : {
          sentence: `Waiting for the fetch of the one-time metadata URL, which activates the key. The URL expires at ${new Date(until).toISOString()}.`,
        };
  }
  const fetches = `${seen} ${seen === 1 ? 'fetch' : 'fetches'} by ${fetchersInWords(status)}`;
  if (seen > 0 && known) {
    return { safe: true, sentence: `Safe: the Service Provider has fetched the staged certificate (${fetches}).` };
  }
  if (seen > 0) {
    return {
      unconfirmed: true,
      sentence: `Someone has fetched the staged certificate (${fetches}), and anyone can. Make sure that this is the Service Provider.`,
    };
  }
  return { sentence: 'Wait: the Service Provider has not fetched the staged certificate yet.' };
}
