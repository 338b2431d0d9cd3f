import type { Database, Statement } from '../../platform/database/database.ts';

/** The state of one biller's keys. Times are milliseconds since 1970. */
export interface KeyStatus {
  readonly biller_id: string;
  readonly slug: string;
  readonly rotation: 'overlap' | 'switch-on-fetch';
  readonly active: KeyFacts | null;
  readonly staged: KeyFacts | null;
  readonly retiring: KeyFacts | null;
  /** Fetches by the Service Provider that were shown the staged certificate since it was staged. */
  readonly seen: number;
  readonly last_seen: FetchFacts | null;
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
  from signing_keys k where k.biller_id = b.id and k.state = '${state}')`;
const fetched = (condition: string) => `(select json_build_object('at', ${milliseconds('f.at')}, 'address', f.address,
    'client', f.client, 'certificates', f.certificates)
  from metadata_fetches f where f.biller_id = b.id and not f.monitor and ${condition} order by f.at desc limit 1)`;
const SEEN = 'f.at >= s.created_at and s.fingerprint = any (f.certificates)';

const STATUS: Statement = {
  name: 'key-status',
  text: `select b.id as biller_id, b.slug, coalesce(b.settings ->> 'rotation', 'overlap') as rotation,
      ${key('active')} as active, ${key('staged')} as staged, ${key('retiring')} as retiring,
      (select count(*)::int from metadata_fetches f where f.biller_id = b.id and not f.monitor and ${SEEN}) as seen,
      ${fetched(SEEN)} as last_seen, ${fetched('true')} as last_fetch,
      (select ${milliseconds('o.expires_at')} from one_time_metadata o
        where o.biller_id = b.id and o.key_id = s.id and o.used_at is null and o.expires_at > $2) as handed_over_until
    from billers b left join signing_keys s on s.biller_id = b.id and s.state = 'staged'
    where $1::uuid[] is null or b.id = any ($1::uuid[])
    order by b.slug`,
};

/** @param billerIds undefined for all billers @param now milliseconds since 1970 */
export function readKeyStatus(
  database: Database,
  billerIds: readonly string[] | undefined,
  now: number,
): Promise<KeyStatus[]> {
  return database.query<KeyStatus>(STATUS, [billerIds ?? null, new Date(now).toISOString()]);
}

/** Whether it is safe to activate the staged key now, and why. */
export interface Verdict {
  readonly safe: boolean;
  readonly sentence: string;
}

const kindOf = ({ key_type }: KeyFacts) => key_type.split('-', 1)[0];

/** A fetch proves that the certificate arrived, not that the Service Provider can verify with it. */
function changeOfKind({ active, staged }: KeyStatus): string {
  if (active === null || staged === null || kindOf(active) === kindOf(staged)) return '';
  return ` The key type changes from ${kindOf(active)} to ${kindOf(staged)}, and many Service Providers verify only RSA: ask the Service Provider first.`;
}

/** Decides whether it is safe to activate the staged key. */
export function verdictOf(status: KeyStatus, now: number): Verdict {
  const { safe, sentence } = verdictOnFetches(status, now);
  return { safe, sentence: sentence + changeOfKind(status) };
}

function verdictOnFetches(status: KeyStatus, now: number): Verdict {
  const { staged, rotation, seen, handed_over_until: until } = status;
  if (staged === null) return { safe: false, sentence: 'No key is staged.' };
  if (staged.not_after <= now)
    return { safe: false, sentence: 'The staged certificate has expired. Retire it and stage another.' };
  if (staged.not_before > now) {
    return {
      safe: false,
      sentence: `The staged certificate is not valid before ${new Date(staged.not_before).toISOString()}.`,
    };
  }
  if (rotation === 'switch-on-fetch') {
    return until === null
      ? {
          safe: false,
          sentence:
            'The Service Provider keeps only one certificate. Make a one-time metadata URL: `ic-idp key hand-over`.',
        }
      : {
          safe: false,
          sentence: `Waiting for the fetch of the one-time metadata URL, which activates the key. The URL expires at ${new Date(until).toISOString()}.`,
        };
  }
  if (seen > 0)
    return {
      safe: true,
      sentence: `Safe: the Service Provider has fetched the staged certificate (${seen} ${seen === 1 ? 'fetch' : 'fetches'}).`,
    };
  return { safe: false, sentence: 'Wait: the Service Provider has not fetched the staged certificate yet.' };
}
